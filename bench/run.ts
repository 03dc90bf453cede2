// A whole run, top to bottom. What fails is told as a fault, and the rest is measured all the same.

import { cpus, release, totalmem, type } from 'node:os';
import { readCommit } from './commit.ts';
import {
  type Bench,
  type PreparedContestant,
  startTarget,
  stopAll,
  type Target,
  warmUp,
} from './experiments/experiment.ts';
import { measureClients } from './experiments/measure-clients.ts';
import { measureGrowth } from './experiments/measure-growth.ts';
import { measureHeap } from './experiments/measure-heap.ts';
import { measureRenewal } from './experiments/measure-renewal.ts';
import { measureStart } from './experiments/measure-start.ts';
import { measureTraffic } from './experiments/measure-traffic.ts';
import type { BenchOptions } from './options.ts';
import { prepareBench, prepareContestants } from './prepare.ts';
import type { HeapResult, Machine, Results, ScenarioResult, StartResult } from './results.ts';
import {
  clientsScenario,
  growthNames,
  renewalScenario,
  type ScenarioName,
  traffic,
} from './scenarios.ts';
import type { Workbench } from './workbench.ts';

interface Findings {
  readonly scenarios: ScenarioResult[];
  readonly faults: string[];
  starts?: StartResult[];
  heap?: HeapResult;
}

export async function run(
  options: BenchOptions,
  workbench: Workbench,
  progress: (text: string) => void,
): Promise<Results> {
  const startedAt = new Date();
  const bench = await prepareBench(options, workbench, progress);
  const { ready, absent } = await prepareContestants(bench, options.only);
  const findings: Findings = { scenarios: [], faults: [] };
  await measureAllTraffic({ bench, options, ready, findings });
  await measureTheRest({ bench, options, ready, findings });
  return {
    startedAt: startedAt.toISOString(),
    isQuick: options.isQuick,
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    machine: describeMachine(),
    commit: await readCommit(),
    loadTool: bench.loadTool.version,
    upstream: bench.upstream.program,
    contestants: ready.map(({ contestant, prepared }) => ({
      name: contestant.name,
      label: contestant.label,
      isOurs: contestant.isOurs ?? false,
      version: prepared.version,
      note: contestant.note ?? '',
    })),
    absent,
    ...findings,
    faults: [...findings.faults, ...findings.scenarios.flatMap(faultsOf)],
  };
}

interface Part {
  readonly bench: Bench;
  readonly options: BenchOptions;
  readonly ready: readonly PreparedContestant[];
  readonly findings: Findings;
}

/** By all contestants, which run side by side and take turns. */
async function measureAllTraffic({ bench, options, ready, findings }: Part): Promise<void> {
  const wanted = traffic.filter(({ name }) => options.scenarios.includes(name));
  if (wanted.length === 0) return;
  const targets: Target[] = [];
  for (const { contestant, prepared } of ready) {
    bench.progress(`starting ${contestant.name}`);
    await attempt(contestant.name, findings, async () => {
      targets.push(await startTarget(bench.workbench, contestant.name, prepared.command));
    });
  }
  await warmUp(bench, targets, bench.effort.warmUpRequests);
  for (const scenario of wanted) {
    await attempt(scenario.name, findings, async () => {
      findings.scenarios.push(await measureTraffic(bench, scenario, targets));
    });
  }
  await stopAll(targets);
}

async function measureTheRest({ bench, options, ready, findings }: Part): Promise<void> {
  const measure = async (name: ScenarioName, work: () => Promise<void>) => {
    if (options.scenarios.includes(name)) await attempt(name, findings, work);
  };
  await measure('start', async () => {
    findings.starts = await measureStart(bench, ready);
  });
  // The rest is about our proxy alone.
  if (!options.only.includes('ours')) return;
  await measure(clientsScenario, async () => {
    findings.scenarios.push(await measureClients(bench));
  });
  await measure(renewalScenario, async () => {
    findings.scenarios.push(await measureRenewal(bench));
  });
  for (const name of growthNames) {
    await measure(name, async () => {
      findings.scenarios.push(await measureGrowth(bench, name));
    });
  }
  await measure('heap', async () => {
    findings.heap = await measureHeap(bench);
  });
}

async function attempt(
  name: string,
  { faults }: Findings,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function faultsOf({ name: scenario, entries, leftOut }: ScenarioResult): string[] {
  return [
    ...leftOut.map(({ name, why }) => `${scenario}: ${name} answers wrongly: ${why}`),
    ...entries.flatMap(({ name, rounds }) => {
      const errors = rounds.reduce((sum, round) => sum + round.errors, 0);
      return errors === 0 ? [] : [`${scenario}: ${errors} errors in the answers of ${name}`];
    }),
  ];
}

function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.versions.node,
  };
}
