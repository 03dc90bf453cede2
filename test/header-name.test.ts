import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byHeaderName, isNamed } from '../src/header-name.ts';

const letters = fc.string({
  maxLength: 3,
  unit: fc.constantFrom('a', 'A', 'b', '-', '\xc4', '\xe4', '\u0161', '\u0141'),
});

test('isNamed() knows a name in every case, and no other name', () => {
  fc.assert(
    fc.property(letters, letters, (name, other) => {
      const lowerCaseName = other.toLowerCase();
      expect(isNamed(name, lowerCaseName)).toBe(name.toLowerCase() === lowerCaseName);
      expect(isNamed(other, lowerCaseName)).toBe(true);
    }),
  );
});

test('byHeaderName() gives what is found out about the name in lower case, however often it is asked', () => {
  const find = (name: string) => name;
  fc.assert(
    fc.property(fc.array(letters), (names) => {
      const known = byHeaderName(find);
      for (const name of [...names, ...names]) expect(known(name)).toBe(name.toLowerCase());
    }),
  );
});

test('byHeaderName() finds out once for each spelling, and keeps only so many, and no long ones', () => {
  let times = 0;
  const known = byHeaderName(() => {
    times += 1;
    return false;
  });
  const ask = (names: readonly string[]) => {
    const before = times;
    for (const name of names) known(name);
    return times - before;
  };
  expect(ask(['Host', 'Host', 'host'])).toBe(2);
  const many = Array.from({ length: 5000 }, (_, number) => `x-${number}`);
  expect(ask(many)).toBe(many.length);
  expect(ask(['Host'])).toBe(1);
  const long = 'x'.repeat(1000);
  expect(ask([long, long])).toBe(2);
});
