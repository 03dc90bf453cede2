import { expect, test } from 'vitest';
import {
  formatAgo,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
} from '../../src/admin/format.ts';

test.each([
  [0, '0 s'],
  [-3, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [3599, '59 min'],
  [3600, '1 h'],
  [8000, '2 h 13 min'],
  [86_400, '1 d'],
  [100_000, '1 d 3 h'],
])('%s seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test.each([
  [null, '–'],
  [0.44, '0.4 ms'],
  [12.4, '12 ms'],
  [1500, '1.5 s'],
  [61_000, '61 s'],
])('%s ms are %s', (ms, text) => expect(formatMs(ms)).toBe(text));

test.each([
  [0, '0 %'],
  [0.0004, '< 0.1 %'],
  [0.034, '3.4 %'],
  [0.5, '50 %'],
  [1, '100 %'],
])('a share of %s is %s', (share, text) => expect(formatPercent(share)).toBe(text));

test.each([
  [0.25, '0.3'],
  [1234.6, '1,235'],
])('%s a second is %s', (rate, text) => expect(formatRate(rate)).toBe(text));

test.each([
  ['2026-01-01T00:00:00.000Z', 'just now'],
  ['2025-12-31T23:00:00.000Z', '1 h ago'],
])('%s was %s', (at, text) => expect(formatAgo(at, '2026-01-01T00:00:01.000Z')).toBe(text));
