// How cost grows with the number of connections, the size of bodies, and the number of clients and rules. A process for
// each point, so that the memory is that point's own.

import { everythingOn } from '../contestants/ours.ts';
import { clientKey } from '../contestants/ours-config.ts';
import { runBulk } from '../load/bulk.ts';
import { usageOf } from '../measure/process-usage.ts';
import type { ScenarioResult } from '../results.ts';
import { type Runner, runRounds } from '../rounds.ts';
import { bodySizes, type GrowthName, megabyte, smallGet, uploadSizes } from '../scenarios.ts';
import { paths } from '../upstream/salesforce-answers.ts';
import {
  type Bench,
  startTarget,
  stopAll,
  type Target,
  timedRunner,
  warmUp,
  warmUpLoads,
} from './experiment.ts';

interface Growth {
  readonly title: string;
  readonly variable: string;
  readonly points: readonly number[];
  /** Where the usual warm-up, small GETs of one client, has not seen all. */
  readonly warmUpLoads?: number;
  nameOf(point: number): string;
  configure?(point: number): { clients?: number; rules?: number };
  runner(bench: Bench, target: Target, point: number): Runner;
}

const count = (point: number) => point.toLocaleString('en');

const growths: Readonly<Record<GrowthName, Growth>> = {
  'growth-connections': {
    title: 'How cost grows with connections',
    variable: 'connections',
    points: [1, 16, 64, 256, 1000],
    nameOf: count,
    runner: (bench, target, connections) =>
      timedRunner(bench, target, { connections, requests: [smallGet] }),
  },
  'growth-bodies': {
    title: 'How cost grows with the size of the body (download, 4 connections)',
    variable: 'size',
    points: bodySizes,
    nameOf: sizeName,
    runner: (bench, target, bytes) =>
      bodyRunner(bench, target, { method: 'GET', path: paths.file(bytes), bytes }),
  },
  'growth-uploads': {
    title: 'How cost grows with the size of the body (upload, 4 connections)',
    variable: 'size',
    points: uploadSizes,
    // The usual warm-up has sent no body.
    warmUpLoads: 1,
    nameOf: sizeName,
    runner: (bench, target, bytes) =>
      bodyRunner(bench, target, { method: 'PUT', path: paths.upload, bytes }),
  },
  'growth-clients': {
    title: 'How cost grows with clients (keys in turn, 32 connections)',
    variable: 'clients',
    points: [1, 100, 1000, 10_000],
    // Each is seen for the first time once.
    warmUpLoads: 1,
    nameOf: count,
    configure: (clients) => ({ clients }),
    runner: (bench, target, clients) =>
      timedRunner(bench, target, {
        connections: 32,
        requests: Array.from({ length: 10_000 }, (_, at) => ({
          ...smallGet,
          headers: { ...smallGet.headers, 'X-API-Key': clientKey(at % clients) },
        })),
      }),
  },
  'growth-rules': {
    title: 'How cost grows with rules of a policy (the last one fits, 32 connections)',
    variable: 'rules',
    points: [1, 10, 100, 1000],
    nameOf: count,
    configure: (rules) => ({ rules }),
    runner: (bench, target) =>
      timedRunner(bench, target, { connections: 32, requests: [smallGet] }),
  },
};

export async function measureGrowth(bench: Bench, name: GrowthName): Promise<ScenarioResult> {
  const { workbench, upstream, cli, effort, progress } = bench;
  const growth = growths[name];
  const targets: Target[] = [];
  const runners: Runner[] = [];
  try {
    for (const point of growth.points) {
      const sizes = growth.configure?.(point) ?? {};
      const { command } = await everythingOn(cli, { workbench, upstream, ...sizes });
      progress(`${name}: starting for ${growth.variable} ${growth.nameOf(point)}`);
      const target = await startTarget(workbench, growth.nameOf(point), command);
      targets.push(target);
      runners.push(growth.runner(bench, target, point));
    }
    await warmUp(bench, targets, effort.growthWarmUpRequests);
    return {
      name,
      title: growth.title,
      unit: 'request',
      variable: growth.variable,
      entries: await runRounds(runners, {
        rounds: effort.growthRounds,
        warmUpLoads: warmUpLoads(bench, growth.warmUpLoads),
        progress: (text) => progress(`${name}: ${text}`),
      }),
      leftOut: [],
      remarks: [],
    };
  } finally {
    await stopAll(targets);
  }
}

interface Transfer {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly bytes: number;
}

function bodyRunner(bench: Bench, target: Target, { method, path, bytes }: Transfer): Runner {
  const connections = 4;
  const { headers } = smallGet;
  if (bytes < 10 * megabyte) {
    const body = method === 'PUT' ? 'x'.repeat(bytes) : undefined;
    const request = { method, path, headers, ...(body !== undefined && { body }) };
    return timedRunner(bench, target, { connections, requests: [request] });
  }
  return {
    name: target.name,
    usage: usageOf(target.process.pid),
    unitsPerRequest: 1,
    load: () =>
      runBulk({
        origin: target.origin,
        connections,
        method,
        path,
        headers,
        bytes,
        transfers: Math.max(connections, (200 * megabyte) / bytes),
      }),
  };
}

function sizeName(bytes: number): string {
  if (bytes >= megabyte) return `${bytes / megabyte} MB`;
  return bytes >= 1024 ? `${bytes / 1024} KB` : `${bytes}`;
}
