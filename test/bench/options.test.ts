import { expect, test } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { quickScenarioNames, scenarioNames } from '../../bench/scenarios.ts';

test('without flags everybody takes part in everything', () => {
  const options = parseOptions([]);
  expect(options.scenarios).toEqual(scenarioNames);
  expect(options.only).toContain('nginx');
  expect(options.cli).toMatch(/dist\/cli\.js$/);
  expect(options.directory).toMatch(/bench\/results$/);
});

test('the quick run has fewer scenarios, and can be given others', () => {
  expect(parseOptions(['--quick']).scenarios).toEqual(quickScenarioNames);
  expect(parseOptions(['--quick', '--scenario', 'heap, get-1']).scenarios).toEqual([
    'heap',
    'get-1',
  ]);
});

test.each([
  ['--only', 'apache'],
  ['--scenario', 'get-32,get-33'],
  ['--rounds', '0'],
  ['--rounds', 'many'],
  ['--upstream', 'apache'],
  ['--load', 'ab'],
  ['--fast'],
  ['something'],
])('%s %s is refused', (...argv) => {
  expect(() => quietly(() => parseOptions(argv))).toThrow(
    expect.objectContaining({ exitCode: expect.not.toBeOneOf([0]) }),
  );
});

/** What commander says about it goes to stderr. */
function quietly<T>(run: () => T): T {
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    return run();
  } finally {
    process.stderr.write = write;
  }
}
