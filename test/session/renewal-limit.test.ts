import { expect, test } from 'vitest';
import { RenewalLimit } from '../../src/session/renewal-limit.ts';

test('300 renewals within 10 minutes, however they are spread', () => {
  const limit = new RenewalLimit();
  const renewedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 700) {
    if (limit.waitMs(nowMs) > 0) continue;
    limit.renewed(nowMs);
    renewedAtMs.push(nowMs);
  }
  for (const [i, atMs] of renewedAtMs.entries()) {
    const before = renewedAtMs[i - 300];
    if (before !== undefined) expect(atMs - before).toBeGreaterThanOrEqual(600_000);
  }
  expect(renewedAtMs.length).toBeLessThanOrEqual(1800);
});

test('the wait is until the oldest of them is forgotten', () => {
  const limit = new RenewalLimit();
  for (let i = 0; i < 300; i += 1) limit.renewed(i * 1000);
  expect(limit.waitMs(60_000)).toBe(540_000);
  expect(limit.waitMs(600_000)).toBe(0);
});
