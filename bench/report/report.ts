// All of a run as Markdown, to be read in a terminal and to be put into docs/performance.md as it is, below a title there.
import type { HeapResult, LeftOut, Results, ScenarioResult } from '../results.ts';
import { summarise } from '../statistics.ts';
import { figure, megabytes, milliseconds, table, whole, withSpread } from './format.ts';
import { judge } from './goals.ts';
import { labelOf, scenarioTable } from './scenario-table.ts';

export function renderReport(results: Results): string {
  const sections = [
    conditions(results),
    section('Goals', goalTable(results)),
    ...results.scenarios.map((scenario) => scenarioSection(results, scenario)),
    ...(results.starts ? [section('Start and rest', startTable(results))] : []),
    ...(results.heap ? [section('Heap', heapText(results.heap))] : []),
    section('Contestants', contestantTable(results)),
  ];
  return `${sections.join('\n\n')}\n`;
}

function section(title: string, ...paragraphs: readonly string[]): string {
  return [`### ${title}`, ...paragraphs].join('\n\n');
}

function conditions(results: Results): string {
  const { cpu, cores, memoryGb, system, node } = results.machine;
  const program = results.commit === undefined ? '' : `, commit ${results.commit}`;
  const lines = [
    `Measured on ${results.startedAt.slice(0, 10)} in ${whole(results.seconds)} s: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node.js ${node}${program}.`,
    `The load comes from ${results.loadTool}, the answers from ${results.upstream} over TLS 1.3, all on the same machine: rates are low, and CPU is what counts.`,
    'Figures are medians of interleaved rounds, with the quartiles in parentheses; ratios are taken within a round. CPU is that of the contestant alone, user and system.',
  ];
  if (results.isQuick) {
    lines.push(
      '**A quick run, without warming up: it shows that everything works. Its figures and verdicts are rough.**',
    );
  }
  return lines.join('\n');
}

function goalTable(results: Results): string {
  const rows = judge(results).map(({ goal, limit, measured, format, verdict }) => [
    goal,
    limit,
    withSpread(measured, format),
    verdict === 'missed' ? '**missed**' : verdict,
  ]);
  return table(['goal', 'limit', 'measured', 'verdict'], rows);
}

function scenarioSection(results: Results, scenario: ScenarioResult): string {
  const { contestants } = results;
  const leftOut = scenario.leftOut.map(
    ({ name, why }) => `Left out: ${labelOf(contestants, name)}: ${why}`,
  );
  const errors = scenario.entries.flatMap(({ name, rounds }) => {
    const sum = rounds.reduce((total, round) => total + round.errors, 0);
    return sum === 0 ? [] : [`${whole(sum)} errors: ${labelOf(contestants, name)}`];
  });
  return section(
    scenario.title,
    scenarioTable(results, scenario),
    ...scenario.remarks,
    ...leftOut,
    ...errors,
  );
}

function startTable({ starts = [], contestants }: Results): string {
  const rows = starts.map(({ name, firstAnswerMs, idleBytes, idleAfterLoadBytes }) => [
    labelOf(contestants, name),
    withSpread(summarise(firstAnswerMs), milliseconds),
    figure(idleBytes, megabytes),
    figure(idleAfterLoadBytes, megabytes),
  ]);
  return table(
    ['contestant', 'process start to first answer', 'memory at rest', 'at rest after load'],
    rows,
  );
}

function heapText({ samples, bytesPerRequest }: HeapResult): string {
  const last = samples.at(-1);
  if (!last) return 'No samples.';
  const sizes = samples.map(({ y }) => (y / 1024 / 1024).toFixed(2)).join(', ');
  return `After collections, from the first to ${whole(last.x)} requests later, the heap held ${sizes} MB: ${bytesPerRequest.toFixed(1)} bytes more per request (the median of all slopes between two).`;
}

function contestantTable({ contestants, absent }: Results): string {
  const rows = contestants.map(({ name, version, note }) => [
    labelOf(contestants, name),
    version,
    note,
  ]);
  const lines = absent.map(({ name, why }: LeftOut) => `${name} does not take part: ${why}.`);
  return [table(['contestant', 'version', 'note'], rows), ...lines].join('\n\n');
}
