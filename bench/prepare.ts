// What has to stand before anything is measured: the upstream, what makes the load, and the contestants.
import { contestants } from './contestants/contestants.ts';
import { type Effort, full, quick } from './effort.ts';
import type { Bench, PreparedContestant } from './experiments/experiment.ts';
import { findProgram } from './find-program.ts';
import { type Identity, makeIdentity } from './identity.ts';
import { createAutocannon } from './load/autocannon.ts';
import type { LoadTool } from './load/load.ts';
import { createWrk } from './load/wrk.ts';
import type { BenchOptions } from './options.ts';
import type { LeftOut } from './results.ts';
import { bodySizes, traffic } from './scenarios.ts';
import { startNginxUpstream } from './upstream/nginx-upstream.ts';
import { startNodeUpstream } from './upstream/node-upstream.ts';
import type { Upstream } from './upstream/upstream.ts';
import type { Workbench } from './workbench.ts';

export async function prepareBench(
  options: BenchOptions,
  workbench: Workbench,
  progress: (text: string) => void,
): Promise<Bench> {
  const effort = options.isQuick ? quick : full;
  const { rounds } = options;
  progress('starting the upstream');
  const identity = await makeIdentity(workbench.directory);
  return {
    workbench,
    upstream: await startUpstream(options, workbench, identity),
    loadTool: await chooseLoadTool(options, workbench),
    cli: options.cli,
    effort: rounds === undefined ? effort : { ...effort, ...always(rounds) },
    progress,
  };
}

function always(rounds: number): Pick<Effort, 'rounds' | 'growthRounds' | 'starts'> {
  return {
    rounds: { rough: rounds, usual: rounds, fine: rounds },
    growthRounds: rounds,
    starts: rounds,
  };
}

export async function prepareContestants(
  bench: Bench,
  only: readonly string[],
): Promise<{ ready: PreparedContestant[]; absent: LeftOut[] }> {
  const ready: PreparedContestant[] = [];
  const absent: LeftOut[] = [];
  for (const contestant of contestants.filter(({ name }) => only.includes(name))) {
    bench.progress(`preparing ${contestant.name}`);
    const prepared = await contestant.prepare(bench);
    if ('missing' in prepared) absent.push({ name: contestant.label, why: prepared.missing });
    else ready.push({ contestant, prepared });
  }
  return { ready, absent };
}

async function startUpstream(
  options: BenchOptions,
  workbench: Workbench,
  identity: Identity,
): Promise<Upstream> {
  const program = options.upstream === 'node' ? undefined : findProgram('nginx');
  if (program !== undefined) {
    const sizes = new Set([
      ...traffic.flatMap(({ bulk }) => bulk?.bytes ?? []),
      ...(options.scenarios.includes('growth-bodies') ? bodySizes : []),
    ]);
    return startNginxUpstream({ workbench, program, identity, fileSizes: [...sizes] });
  }
  if (options.upstream === 'nginx') throw new Error('nginx is not installed');
  return startNodeUpstream({ workbench, identity });
}

async function chooseLoadTool(options: BenchOptions, workbench: Workbench): Promise<LoadTool> {
  const program = options.load === 'autocannon' ? undefined : findProgram('wrk');
  if (program !== undefined) return createWrk(workbench, program);
  if (options.load === 'wrk') throw new Error('wrk is not installed');
  return createAutocannon();
}
