import { describe, expect, test } from 'vitest';
import { parseByteSize, parseCount, parseDuration } from '../../src/config/quantity.ts';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['596h', 2_145_600_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '30', 's', '30 s', '1.5s', '-1s', '30S', '1h30m', '1d', '0x1s', '30constructor'])(
    '%j is refused with examples of a good one',
    (text) => {
      expect(() => parseDuration(text)).toThrow('expected a duration such as 500ms, 30s, 5m or 2h');
    },
  );

  test('of zero is refused, because it would end everything at once', () => {
    expect(() => parseDuration('0s')).toThrow('more than 0');
  });

  test('longer than a timer of Node can wait is refused, because it would fire at once', () => {
    expect(() => parseDuration('597h')).toThrow('at most 596h');
  });
});

describe('a size', () => {
  test.each([
    ['0B', 0],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each(['', '1024', '1MB', '1mib', '1 MiB', '1.5MiB', '99999999GiB'])(
    '%j is refused',
    (text) => {
      expect(() => parseByteSize(text)).toThrow(
        'expected a size such as 512B, 64KiB, 1MiB or 1GiB',
      );
    },
  );
});

describe('a count', () => {
  test('is a whole number', () => {
    expect(parseCount('128', 2)).toBe(128);
  });

  test.each(['1', '', '2.5', '1e3', '-5', '0x10', '99999999999999999999'])(
    '%j is refused',
    (text) => {
      expect(() => parseCount(text, 2)).toThrow('expected a whole number, 2 or more');
    },
  );
});
