// What many callers cost: 200 clients of 20 orgs against one client of one org, in the same rounds.

import { everythingOn } from '../contestants/ours.ts';
import { clientKey } from '../contestants/ours-config.ts';
import type { ScenarioResult } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { smallGet } from '../scenarios.ts';
import {
  type Bench,
  startTarget,
  stopAll,
  timedRunner,
  warmUp,
  warmUpLoads,
} from './experiment.ts';

export const clientsScenario = 'clients';
export const oneClient = '1 client, 1 org';
export const manyClients = '200 clients, 20 orgs';

const callers = [
  { name: oneClient, clients: 1 },
  { name: manyClients, clients: 200 },
];

export async function measureClients(bench: Bench): Promise<ScenarioResult> {
  const { workbench, upstream, cli, effort, progress } = bench;
  // One process for both: two that are alike differ by up to a tenth, by what the JIT compiler has made of them.
  const { command } = await everythingOn(cli, { workbench, upstream, orgs: 20, clients: 200 });
  const target = await startTarget(workbench, clientsScenario, command);
  const runners = callers.map(({ name, clients }) => {
    // As many requests to choose from in both, so that choosing costs the load the same.
    const requests = Array.from({ length: 200 }, (_, at) => ({
      ...smallGet,
      headers: { ...smallGet.headers, 'X-API-Key': clientKey(at % clients) },
    }));
    return timedRunner(bench, { ...target, name }, { connections: 32, requests });
  });
  try {
    await warmUp(bench, [target], effort.warmUpRequests);
    return {
      name: clientsScenario,
      title: 'Many clients and orgs: GET of 1.8 KB of JSON, 32 connections, keys in turn',
      unit: 'request',
      variable: 'sf-auth-proxy, everything on',
      entries: await runRounds(runners, {
        // The smallest difference of all that a goal is about.
        rounds: 2 * effort.rounds.fine,
        warmUpLoads: warmUpLoads(bench, 2),
        progress: (text) => progress(`${clientsScenario}: ${text}`),
      }),
      leftOut: [],
      remarks: ['200 clients and 20 orgs are configured for both.'],
    };
  } finally {
    await stopAll([target]);
  }
}
