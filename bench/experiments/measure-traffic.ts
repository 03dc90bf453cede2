// One scenario of traffic, by all who take part in it: first whether they answer alike, then what it costs.
import { difference, fetchAnswer, fetchDirectly } from '../answers.ts';
import { runBulk } from '../load/bulk.ts';
import { usageOf } from '../measure/process-usage.ts';
import type { LeftOut, ScenarioResult } from '../results.ts';
import { type Runner, runRounds } from '../rounds.ts';
import { direct, megabyte, type TrafficScenario } from '../scenarios.ts';
import { type Bench, type Target, timedRunner, warmUpLoads } from './experiment.ts';

export async function measureTraffic(
  bench: Bench,
  scenario: TrafficScenario,
  targets: readonly Target[],
): Promise<ScenarioResult> {
  const { effort, progress } = bench;
  const { able, leftOut } = await checkAnswers(bench, scenario, targets);
  const runners = able.map((target) => trafficRunner(bench, scenario, target));
  if (scenario.withDirect) runners.push(directRunner(bench, scenario));
  return {
    name: scenario.name,
    title: scenario.title,
    unit: scenario.unit,
    entries: await runRounds(runners, {
      rounds: effort.rounds[scenario.precision],
      warmUpLoads: warmUpLoads(bench, scenario.warmUpLoads),
      progress: (text) => progress(`${scenario.name}: ${text}`),
    }),
    leftOut,
    remarks: [],
  };
}

async function checkAnswers(
  bench: Bench,
  scenario: TrafficScenario,
  targets: readonly Target[],
): Promise<{ able: Target[]; leftOut: LeftOut[] }> {
  const expected = await fetchDirectly(bench.upstream, scenario);
  const able: Target[] = [];
  const leftOut: LeftOut[] = [];
  for (const target of targets) {
    const { name } = target;
    bench.progress(`${scenario.name}: checking ${name}`);
    const why = await fetchAnswer(target.origin, scenario).then(
      (answer) => difference(expected, answer),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (why === undefined) able.push(target);
    else leftOut.push({ name, why });
  }
  return { able, leftOut };
}

function trafficRunner(bench: Bench, scenario: TrafficScenario, target: Target): Runner {
  const { bulk, connections, request } = scenario;
  if (!bulk) return timedRunner(bench, target, { connections, requests: [request] });
  const { method, path, headers } = request;
  if (method === 'POST') throw new TypeError('a bulk scenario is a GET or a PUT');
  return {
    name: target.name,
    usage: usageOf(target.process.pid),
    unitsPerRequest: bulk.bytes / megabyte,
    load: () =>
      runBulk({
        origin: target.origin,
        connections,
        method,
        path,
        headers,
        bytes: bulk.bytes,
        transfers: bulk.transfers,
      }),
  };
}

function directRunner(bench: Bench, { request, connections }: TrafficScenario): Runner {
  const { origin, identity } = bench.upstream;
  const headers = { ...request.headers, Authorization: `Bearer ${identity.token}` };
  return {
    name: direct,
    usage: undefined,
    unitsPerRequest: 1,
    load: (seconds) =>
      bench.loadTool.run({ origin, connections, seconds, requests: [{ ...request, headers }] }),
  };
}
