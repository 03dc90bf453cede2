// What many callers cost: 200 clients with 20 orgs against one client with one org, in the same rounds.

import { everythingOn } from '../contestants/ours.ts';
import { clientKey } from '../contestants/ours-config.ts';
import type { ScenarioResult } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { smallGet } from '../scenarios.ts';
import { type Bench, startTarget, stopAll, timedRunner, warmUp } from './experiment.ts';

export const clientsScenario = 'clients';
export const oneClient = '1 client, 1 org';
export const manyClients = '200 clients, 20 orgs';

const variants = [
  { name: oneClient, orgs: 1, clients: 1 },
  { name: manyClients, orgs: 20, clients: 200 },
];

export async function measureClients(bench: Bench): Promise<ScenarioResult> {
  const { workbench, upstream, cli, effort, progress } = bench;
  const targets = [];
  const runners = [];
  for (const { name, ...sizes } of variants) {
    const { command } = await everythingOn(cli, { workbench, upstream, ...sizes });
    const target = await startTarget(workbench, name, command);
    targets.push(target);
    // As many requests to choose from in both, so that choosing costs the load the same.
    const requests = Array.from({ length: 200 }, (_, at) => ({
      ...smallGet,
      headers: { ...smallGet.headers, 'X-API-Key': clientKey(at % sizes.clients) },
    }));
    runners.push(timedRunner(bench, target, { connections: 32, requests }));
  }
  try {
    await warmUp(bench, targets, effort.warmUpRequests);
    return {
      name: clientsScenario,
      title: 'Many clients and orgs: GET of 1.8 KB of JSON, 32 connections, keys in turn',
      unit: 'request',
      variable: 'sf-auth-proxy, everything on',
      entries: await runRounds(runners, {
        // The smallest difference of all that a goal is about.
        rounds: 2 * effort.rounds.fine,
        progress: (text) => progress(`${clientsScenario}: ${text}`),
      }),
      leftOut: [],
      remarks: [],
    };
  } finally {
    await stopAll(targets);
  }
}
