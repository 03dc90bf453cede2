// What many callers cost: 200 clients of 20 orgs against one client of one org, in the same rounds.

import { everythingOn } from '../contestants/ours.ts';
import { clientKey } from '../contestants/ours-config.ts';
import type { LoadRequest } from '../load/load.ts';
import { usageOf } from '../measure/process-usage.ts';
import type { Entry, ScenarioResult } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { clientsScenario, manyClients, oneClient, smallGet } from '../scenarios.ts';
import { runInTurns } from '../turns.ts';
import {
  type Bench,
  startTarget,
  stopAll,
  type Target,
  timedRunner,
  warmUp,
  warmUpLoads,
} from './experiment.ts';

const callers = [
  { name: oneClient, clients: 1 },
  { name: manyClients, clients: 200 },
  // How far two lie apart that are the same.
  { name: `${oneClient}, once more`, clients: 1 },
];

export async function measureClients(bench: Bench): Promise<ScenarioResult> {
  const { workbench, upstream, cli, effort } = bench;
  // One process for both: two that are alike differ by up to a tenth, by what the JIT compiler has made of them.
  const { command } = await everythingOn(cli, { workbench, upstream, orgs: 20, clients: 200 });
  const target = await startTarget(workbench, clientsScenario, command);
  const loads = callers.map(({ name, clients }) => {
    // As many requests to choose from in both, so that choosing costs the load the same.
    const requests = Array.from({ length: 200 }, (_, at) => ({
      ...smallGet,
      headers: { ...smallGet.headers, 'X-API-Key': clientKey(at % clients) },
    }));
    return { name, requests };
  });
  try {
    await warmUp(bench, [target], effort.warmUpRequests);
    return {
      name: clientsScenario,
      title: 'Many clients and orgs: GET of 1.8 KB of JSON, 32 connections, keys in turn',
      unit: 'request',
      variable: 'sf-auth-proxy, everything on',
      entries: await measureLoads(bench, target, loads),
      leftOut: [],
      remarks: [
        '200 clients and 20 orgs are configured for both.',
        ...(bench.loadTool.start
          ? ['They take turns of a tenth of a second, which leaves no latencies to be told.']
          : []),
      ],
    };
  } finally {
    await stopAll([target]);
  }
}

interface NamedLoad {
  readonly name: string;
  readonly requests: readonly LoadRequest[];
}

/** The smallest difference of all that a goal is about: in turns, if the load tool can wait for its own. */
async function measureLoads(
  bench: Bench,
  target: Target,
  loads: readonly NamedLoad[],
): Promise<Entry[]> {
  const { loadTool, effort } = bench;
  const connections = 32;
  const progress = (text: string) => bench.progress(`${clientsScenario}: ${text}`);
  if (!loadTool.start) {
    const runners = loads.map(({ name, requests }) =>
      timedRunner(bench, { ...target, name }, { connections, requests }),
    );
    return runRounds(runners, {
      rounds: 2 * effort.rounds.usual,
      warmUpLoads: warmUpLoads(bench, 2),
      progress,
    });
  }
  const start = loadTool.start;
  const { origin, process } = target;
  const takers = loads.map(({ name, requests }) => ({
    name,
    start: () => start({ origin, connections, requests }),
  }));
  const options = { usage: usageOf(process.pid), turns: 16, progress };
  await runInTurns(takers, { ...options, rounds: warmUpLoads(bench, 1) });
  return runInTurns(takers, { ...options, rounds: effort.rounds.fine });
}
