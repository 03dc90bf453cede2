// argv -> what to run. Whatever is wrong with it is told before anything starts.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { contestants } from './contestants/contestants.ts';
import { quickScenarioNames, scenarioNames } from './scenarios.ts';

export interface BenchOptions {
  readonly isQuick: boolean;
  readonly only: readonly string[];
  readonly scenarios: readonly string[];
  /** Undefined: as many as the run has by itself. */
  readonly rounds: number | undefined;
  readonly jsonFile: string | undefined;
  readonly directory: string;
  readonly cli: string;
  /** Undefined: nginx and wrk where they are there. */
  readonly upstream: 'nginx' | 'node' | undefined;
  readonly load: 'wrk' | 'autocannon' | undefined;
}

const contestantNames = contestants.map(({ name }) => name);

/** @throws CommanderError for `--help` and for what is wrong */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('bench')
    .description(
      'Measures the proxy side by side with its peers, and says whether the goals are met',
    )
    .exitOverride()
    .option('--quick', 'everything is checked, and measured only roughly: within a minute')
    .option('--only <names>', `contestants: ${contestantNames.join(', ')}`, oneOf(contestantNames))
    .option('--scenario <names>', `of ${scenarioNames.join(', ')}`, oneOf(scenarioNames))
    .option('--rounds <number>', 'how often each is measured', readCount)
    .option('--json <file>', 'the results also go to this file')
    .option('--out <directory>', 'where results go', fromHere('results'))
    .option('--cli <file>', 'the program that is measured', fromHere('../dist/cli.js'))
    .addOption(new Option('--upstream <program>', 'what serves').choices(['nginx', 'node']))
    .addOption(new Option('--load <program>', 'what asks').choices(['wrk', 'autocannon']));
  command.parse(argv, { from: 'user' });
  const options = command.opts();
  const isQuick = options.quick === true;
  return {
    isQuick,
    only: options.only ?? contestantNames,
    scenarios: options.scenario ?? (isQuick ? quickScenarioNames : scenarioNames),
    rounds: options.rounds,
    jsonFile: options.json && resolve(options.json),
    directory: resolve(options.out),
    cli: resolve(options.cli),
    upstream: options.upstream,
    load: options.load,
  };
}

function oneOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim());
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length === 0) return names;
    throw new InvalidArgumentError(
      `There is no ${unknown.join(', ')}; there are ${known.join(', ')}.`,
    );
  };
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number from 1 to 999.');
}

function fromHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
