// Waiting on a condition, with a deadline: never a fixed sleep.
import { setTimeout as sleep } from 'node:timers/promises';

const betweenLooksMs = 5;

/** Looks as often as fits into the time: on a machine that stands still for longer, no look is missed. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  for (let looks = timeoutMs / betweenLooksMs; !(await condition()); looks -= 1) {
    if (looks <= 0) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(betweenLooksMs);
  }
}
