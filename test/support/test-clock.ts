// What `performance.now()` tells until the test ends. Timers know nothing of it: whoever decides by the clock when its timer
// fires decides by what the test says, however slow the machine is.
import { onTestFinished, vi } from 'vitest';

const realNow = performance.now.bind(performance);
let passedMs = 0;
let stoppedAtMs: number | undefined;

/** From now on it is so much later. To end a time it takes more than that: sums are rounded. */
export function letTimePass(ms: number): void {
  tellOwnTime();
  passedMs += ms;
}

/** From now on only `letTimePass` moves it. */
export function stopClock(): void {
  tellOwnTime();
  stoppedAtMs = realNow();
}

function tellOwnTime(): void {
  if (vi.isMockFunction(performance.now)) return;
  vi.spyOn(performance, 'now').mockImplementation(() => (stoppedAtMs ?? realNow()) + passedMs);
  onTestFinished(() => {
    vi.restoreAllMocks();
    passedMs = 0;
    stoppedAtMs = undefined;
  });
}
