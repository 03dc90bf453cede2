import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoginBackoff } from '../../src/session/login-backoff.ts';

test('a failure is left alone for 30 s, doubling to 5 min', () => {
  const backoff = new LoginBackoff();
  let nowMs = 1_000_000;
  const waits: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    backoff.failed(nowMs);
    waits.push(backoff.waitMs(nowMs) / 1000);
    nowMs += backoff.waitMs(nowMs);
    expect(backoff.waitMs(nowMs)).toBe(0);
  }
  expect(waits).toEqual([30, 60, 120, 240, 300, 300, 300]);
});

test('a success, or a long quiet time, begins anew', () => {
  const backoff = new LoginBackoff();
  backoff.failed(0);
  backoff.failed(0);
  backoff.clear();
  expect(backoff.waitMs(0)).toBe(0);
  backoff.failed(0);
  expect(backoff.waitMs(0)).toBe(30_000);
  backoff.failed(30_000 + 300_001);
  expect(backoff.waitMs(30_000 + 300_001)).toBe(30_000);
});

test('a wait that is known makes the next one no longer', () => {
  const backoff = new LoginBackoff();
  backoff.holdUntil(15_000);
  expect(backoff.waitMs(5_000)).toBe(10_000);
  expect(backoff.waitMs(15_000)).toBe(0);
  backoff.failed(20_000);
  expect(backoff.waitMs(20_000)).toBe(30_000);
});

test('however often it is tried, an hour of failures has at most 15 tries', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 2000 }), (pauses) => {
      const backoff = new LoginBackoff();
      let nowMs = 0;
      let tries = 0;
      for (const pause of pauses) {
        nowMs += pause;
        if (nowMs > 3_600_000) break;
        if (backoff.waitMs(nowMs) > 0) continue;
        backoff.failed(nowMs);
        tries += 1;
      }
      expect(tries).toBeLessThanOrEqual(15);
    }),
  );
});
