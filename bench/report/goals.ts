// The goals, as data: what is claimed, how it is computed from the results, and how much it may be.
import { cpuPerUnit, type Results, type Round, roundsOf } from '../results.ts';
import { clientsScenario, direct, manyClients, oneClient, smallScenario } from '../scenarios.ts';
import { type Summary, summarise } from '../statistics.ts';
import { megabytes, milliseconds, percent, times } from './format.ts';

export type Verdict = 'met' | 'missed' | 'not measured';

export interface Judged {
  readonly goal: string;
  readonly limit: string;
  readonly measured: Summary | undefined;
  readonly verdict: Verdict;
  readonly format: (value: number) => string;
}

interface Goal {
  readonly text: string;
  readonly atMost: number;
  readonly format: (value: number) => string;
  measure(results: Results): Summary | undefined;
}

/** Less than any object that a request could leave behind. */
const leakBytesPerRequest = 8;
const leakRequests = 200_000;

const goals: readonly Goal[] = [
  cpuGoal('CPU per small request, everything on, to nginx', 4, smallScenario, 'nginx'),
  cpuGoal("CPU per small request, everything on, to Go's ReverseProxy", 0.85, smallScenario, 'go'),
  cpuGoal(
    'CPU per small request, everything on, to http-proxy-middleware behind Hono',
    0.5,
    smallScenario,
    'http-proxy-middleware',
  ),
  cpuGoal('CPU per byte downloaded, to nginx', 1.8, 'download', 'nginx'),
  cpuGoal('CPU per byte uploaded, to nginx', 1.8, 'upload', 'nginx'),
  {
    text: 'Median latency added at 1 connection',
    atMost: 0.35,
    format: milliseconds,
    measure: (results) =>
      compare(results, 'get-1', ['ours', direct], (a, b) => (p50Us(a) - p50Us(b)) / 1000),
  },
  {
    text: 'What 200 clients and 20 orgs cost more than one of each',
    atMost: 0.05,
    format: percent,
    measure: (results) =>
      compare(
        results,
        clientsScenario,
        [manyClients, oneClient],
        (a, b) => cpuPerUnit(a) / cpuPerUnit(b) - 1,
      ),
  },
  {
    text: 'From process start to the first answer',
    atMost: 400,
    format: milliseconds,
    measure: (results) => summarise(startOfOurs(results)?.firstAnswerMs ?? []),
  },
  {
    text: 'Memory at rest',
    atMost: 90 * 1024 * 1024,
    format: megabytes,
    measure: (results) => single(startOfOurs(results)?.idleBytes),
  },
  {
    text: `Heap left behind by each of ${leakRequests.toLocaleString('en')} requests`,
    atMost: leakBytesPerRequest,
    format: (bytes) => `${bytes.toFixed(1)} bytes`,
    measure: ({ heap }) =>
      single((heap?.samples.at(-1)?.x ?? 0) < leakRequests ? undefined : heap?.bytesPerRequest),
  },
];

export function judge(results: Results): Judged[] {
  return goals.map(({ text, atMost, format, measure }) => {
    const measured = measure(results);
    const isMeasured = measured !== undefined && Number.isFinite(measured.median);
    return {
      goal: text,
      limit: `≤ ${format(atMost)}`,
      measured: isMeasured ? measured : undefined,
      format,
      verdict: !isMeasured ? 'not measured' : measured.median <= atMost ? 'met' : 'missed',
    };
  });
}

function cpuGoal(text: string, atMost: number, scenario: string, other: string): Goal {
  return {
    text,
    atMost,
    format: times,
    measure: (results) =>
      compare(results, scenario, ['ours', other], (a, b) => cpuPerUnit(a) / cpuPerUnit(b)),
  };
}

/** Within each round, so that both were measured under much the same conditions. */
export function compare(
  results: Results,
  scenario: string,
  [first, second]: readonly [string, string],
  figureOf: (first: Round, second: Round) => number,
): Summary | undefined {
  const [a = [], b = []] = [first, second].map((name) => roundsOf(results, scenario, name));
  return summarise(
    a.flatMap((round, at) => {
      const other = b[at];
      return other ? [figureOf(round, other)] : [];
    }),
  );
}

function p50Us(round: Round): number {
  return round.p50Us ?? Number.NaN;
}

function startOfOurs({ starts = [] }: Results) {
  return starts.find(({ name }) => name === 'ours');
}

function single(value: number | undefined): Summary | undefined {
  return summarise(value === undefined ? [] : [value]);
}
