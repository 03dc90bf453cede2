// The table of one scenario: a row for each contestant, or for each point of what was varied.
import {
  type ContestantFacts,
  cpuPerUnit,
  type Entry,
  type Results,
  type Round,
  type ScenarioResult,
} from '../results.ts';
import { direct } from '../scenarios.ts';
import { median, type Summary } from '../statistics.ts';
import { figure, megabytes, microseconds, table, times, whole, withSpread } from './format.ts';
import { compare } from './goals.ts';

export function scenarioTable(results: Results, scenario: ScenarioResult): string {
  const { unit, variable, entries } = scenario;
  const reference = variable === undefined ? 'nginx' : (entries[0]?.name ?? '');
  const rateOf = (round: Round) => round.units / round.seconds;
  const head = [
    variable ?? 'contestant',
    `CPU per ${unit}`,
    variable === undefined ? `to ${reference}` : 'to the first',
    unit === 'MB' ? 'MB/s' : 'requests/s',
    'p50',
    'p99',
    'peak memory',
  ];
  const rows = entries.map((entry) => [
    variable === undefined ? labelOf(results.contestants, entry.name) : entry.name,
    figure(middle(entry, cpuPerUnit), microseconds),
    withSpread(ratio(results, scenario.name, entry.name, reference), times),
    figure(middle(entry, rateOf), whole),
    figure(
      middle(entry, ({ p50Us }) => p50Us),
      microseconds,
    ),
    figure(
      middle(entry, ({ p99Us }) => p99Us),
      microseconds,
    ),
    figure(
      middle(entry, ({ peakBytes }) => peakBytes),
      megabytes,
    ),
  ]);
  return table(head, rows);
}

/** Ours stand out. */
export function labelOf(contestants: readonly ContestantFacts[], name: string): string {
  if (name === direct) return 'no proxy: the upstream itself';
  const found = contestants.find((one) => one.name === name);
  if (!found) return name;
  return found.isOurs ? `**${found.label}**` : found.label;
}

function middle(entry: Entry, figureOf: (round: Round) => number | undefined): number | undefined {
  const values = entry.rounds.map(figureOf).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function ratio(
  results: Results,
  scenario: string,
  name: string,
  reference: string,
): Summary | undefined {
  return compare(results, scenario, [name, reference], (a, b) => cpuPerUnit(a) / cpuPerUnit(b));
}
