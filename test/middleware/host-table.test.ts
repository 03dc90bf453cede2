import { expect, test } from 'vitest';
import { hostTable } from '../../src/middleware/host-table.ts';

const find = hostTable([
  ['localhost', 'a'],
  ['*.localhost', 'b'],
  ['*.dev.localhost', 'c'],
  ['x.dev.localhost', 'd'],
]);

test.each([
  ['localhost', 'a'],
  ['one.localhost', 'b'],
  ['dev.localhost', 'b'],
  ['one.dev.localhost', 'c'],
  ['one.two.dev.localhost', 'c'],
  ['x.dev.localhost', 'd'],
  ['y.x.dev.localhost', 'c'],
  ['.localhost', undefined],
  ['evillocalhost', undefined],
  ['localhost.evil', undefined],
  ['', undefined],
  ['.', undefined],
])('%j: the nearest of what was given', (host, found) => {
  expect(find(host)).toBe(found);
});
