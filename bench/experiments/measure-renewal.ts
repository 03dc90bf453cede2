// What it costs that sessions end: an upstream that ends each after a second against one that never does. No client may
// notice.
import { everythingOn } from '../contestants/ours.ts';
import type { ScenarioResult } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { renewalScenario, smallGet } from '../scenarios.ts';
import { startNodeUpstream } from '../upstream/node-upstream.ts';
import { type Bench, startTarget, stopAll, timedRunner, warmUp } from './experiment.ts';

const ending = 'session ends every second';

const variants: readonly { name: string; sessionMs?: number }[] = [
  { name: 'session does not end' },
  { name: ending, sessionMs: 1000 },
];

export async function measureRenewal(bench: Bench): Promise<ScenarioResult> {
  const { workbench, upstream, cli, effort, progress } = bench;
  const targets = [];
  const upstreams = [];
  const runners = [];
  const remarks: string[] = [];
  let adminOfEnding = 0;
  try {
    for (const { name, ...session } of variants) {
      const { identity } = upstream;
      const own = await startNodeUpstream({ workbench, identity, ...session });
      upstreams.push(own);
      const { command, adminPort } = await everythingOn(cli, { workbench, upstream: own });
      const target = await startTarget(workbench, name, command);
      targets.push(target);
      runners.push(timedRunner(bench, target, { connections: 32, requests: [smallGet] }));
      if (name === ending) adminOfEnding = adminPort;
    }
    await warmUp(bench, targets, effort.warmUpRequests);
    const entries = await runRounds(runners, {
      rounds: effort.rounds.rough,
      // Long enough that it ends more than once in each.
      seconds: 2,
      progress: (text) => progress(`${renewalScenario}: ${text}`),
    });
    const { exchanges, replays } = await readCounts(adminOfEnding);
    remarks.push(`${exchanges} logins and ${replays} replayed requests; the upstream is Node.js.`);
    return {
      name: renewalScenario,
      title: 'Session ended every second: GET of 1.8 KB of JSON, 32 connections',
      unit: 'request',
      variable: 'sf-auth-proxy, everything on',
      entries,
      leftOut: [],
      remarks,
    };
  } finally {
    await stopAll([...targets, ...upstreams]);
  }
}

async function readCounts(adminPort: number): Promise<{ exchanges: number; replays: number }> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  const text = await response.text();
  const sum = (metric: string) =>
    [...text.matchAll(new RegExp(`^${metric}\\{[^}]*\\} (\\d+)`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return {
    exchanges: sum('sf_auth_proxy_exchanges_total'),
    replays: sum('sf_auth_proxy_replays_total'),
  };
}
