import { onTestFinished, vi } from 'vitest';

/** `performance.now()` tells a later time until the test ends; timers know nothing of it. */
export function letTimePass(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
}
