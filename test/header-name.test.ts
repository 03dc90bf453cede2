import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNamed } from '../src/header-name.ts';

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
