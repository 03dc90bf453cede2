import { expect, test } from 'vitest';
import { judge } from '../../../bench/report/goals.ts';
import type { Results, Round } from '../../../bench/results.ts';

test('a ratio is taken within each round, and its median is judged', () => {
  const results = withTraffic('get-32', {
    // The machine was half as fast in the second round.
    nginx: [round(100), round(200), round(100)],
    ours: [round(390), round(780), round(900)],
  });
  expect(verdictOf(results, 'to nginx')).toMatchObject({
    verdict: 'met',
    limit: '≤ 4.00',
    measured: { median: 3.9 },
  });
});

test('a goal that is not reached is missed', () => {
  const results = withTraffic('download', { nginx: [round(100)], ours: [round(181)] });
  expect(verdictOf(results, 'downloaded')).toMatchObject({ verdict: 'missed' });
});

test('without the other there is nothing to compare', () => {
  const results = withTraffic('get-32', { ours: [round(100)] });
  expect(judge(results).map(({ verdict }) => verdict)).toEqual(
    judge(results).map(() => 'not measured'),
  );
});

test('latency is what a proxy adds to the upstream itself', () => {
  const results = withTraffic('get-1', {
    direct: [round(1, 100), round(1, 300)],
    ours: [round(1, 400), round(1, 600)],
  });
  expect(verdictOf(results, 'latency')).toMatchObject({
    verdict: 'met',
    measured: { median: 0.3 },
  });
});

test('no growth is claimed only after all of the requests', () => {
  const heapAfter = (requests: number): Results => ({
    ...withTraffic('get-32', {}),
    heap: {
      bytesPerRequest: 1,
      samples: [
        { x: 0, y: 1 },
        { x: requests, y: 2 },
      ],
    },
  });
  expect(verdictOf(heapAfter(2000), 'Heap')).toMatchObject({ verdict: 'not measured' });
  expect(verdictOf(heapAfter(200_000), 'Heap')).toMatchObject({ verdict: 'met' });
});

function verdictOf(results: Results, part: string) {
  return judge(results).find(({ goal }) => goal.includes(part));
}

function round(cpuUs: number, p50Us = 1): Round {
  return { units: 1, seconds: 1, errors: 0, cpuUs, p50Us };
}

function withTraffic(name: string, byContestant: Record<string, Round[]>): Results {
  const entries = Object.entries(byContestant).map(([entry, rounds]) => ({ name: entry, rounds }));
  return {
    startedAt: '2026-01-01T00:00:00.000Z',
    isQuick: false,
    seconds: 1,
    commit: undefined,
    machine: { cpu: 'a', cores: 2, memoryGb: 8, system: 'b', node: 'c' },
    loadTool: 'd',
    upstream: 'e',
    contestants: [],
    absent: [],
    scenarios: [{ name, title: name, unit: 'request', entries, leftOut: [], remarks: [] }],
    faults: [],
  };
}
