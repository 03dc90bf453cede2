import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median, orderOf, quantile, rotate, slope, summarise } from '../../bench/statistics.ts';

const figures = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });

test('the median is in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('at most half of the figures are below the median, and at most half above it', () => {
  fc.assert(
    fc.property(figures, (values) => {
      const middle = median(values);
      expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(
        values.length / 2,
      );
      expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(
        values.length / 2,
      );
    }),
  );
});

test('quantiles lie between the least and the most, in order, whatever order the figures are in', () => {
  const shares = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(figures, shares, (values, pair) => {
      const [less = 0, more = 0] = [...pair].sort((a, b) => a - b);
      const [low, high] = [quantile(values, less), quantile(values, more)];
      expect(low).toBeGreaterThanOrEqual(Math.min(...values));
      expect(high).toBeLessThanOrEqual(Math.max(...values));
      expect(low).toBeLessThanOrEqual(high);
      expect(quantile(values.toReversed(), less)).toBe(low);
    }),
  );
});

test('a summary of nothing is nothing', () => {
  expect(summarise([])).toBeUndefined();
  expect(summarise([7])).toEqual({ median: 7, low: 7, high: 7 });
  expect(summarise([5, 1, 3, 2, 4])).toEqual({ median: 3, low: 2, high: 4 });
  expect(summarise([1, 2, 3])).toEqual({ median: 2, low: 2, high: 2 });
});

test('over as many rounds as there are contestants, each is once in each place', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }), (names) => {
      const rounds = names.map((_, round) => rotate(names, round));
      for (const name of names) {
        const places = rounds.map((round) => round.indexOf(name));
        expect(new Set(places).size).toBe(names.length);
      }
    }),
  );
  expect(rotate([], 3)).toEqual([]);
});

test('in the rounds, each goes first in turn, and after another one than in the round before', () => {
  const names = ['a', 'b', 'c', 'd'];
  expect([0, 1, 2, 3].map((round) => orderOf(names, round).join(''))).toEqual([
    'abcd',
    'badc',
    'cdab',
    'dcba',
  ]);
  expect(orderOf([], 1)).toEqual([]);
});

test('the slope of a line is found through noise and a few points far off', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -100, max: 100 }),
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }),
      (steepness, noise) => {
        const points = noise.map((off, at) => ({ x: at * 100, y: steepness * at * 100 + off }));
        points[4] = { x: 400, y: 1e9 };
        expect(Math.abs(slope(points) - steepness)).toBeLessThan(0.02);
      },
    ),
  );
});

test('without two different points there is no slope', () => {
  expect(slope([])).toBe(0);
  expect(
    slope([
      { x: 1, y: 5 },
      { x: 1, y: 9 },
    ]),
  ).toBe(0);
});
