// What every experiment works with.
import type { Contestant, Prepared } from '../contestants/contestant.ts';
import type { Effort } from '../effort.ts';
import type { LoadRequest, LoadTool } from '../load/load.ts';
import { usageOf } from '../measure/process-usage.ts';
import type { Runner } from '../rounds.ts';
import { smallGet } from '../scenarios.ts';
import { untilAccepts } from '../until-accepts.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type Command, freePort, type RunningProcess, type Workbench } from '../workbench.ts';

export interface Bench {
  readonly workbench: Workbench;
  readonly upstream: Upstream;
  readonly loadTool: LoadTool;
  /** Our program. */
  readonly cli: string;
  readonly effort: Effort;
  readonly progress: (text: string) => void;
}

export interface PreparedContestant {
  readonly contestant: Contestant;
  readonly prepared: Prepared;
}

/** A proxy that runs. */
export interface Target {
  readonly name: string;
  readonly origin: string;
  readonly process: RunningProcess;
}

export async function startTarget(
  workbench: Workbench,
  name: string,
  command: (port: number) => Command,
): Promise<Target> {
  const port = await freePort();
  const process = workbench.start(name, command(port));
  await untilAccepts(port, process);
  return { name, origin: `http://127.0.0.1:${port}`, process };
}

/** Sends these requests in turn for a time. */
export function timedRunner(
  { loadTool }: Bench,
  { name, origin, process }: Target,
  load: { readonly connections: number; readonly requests: readonly LoadRequest[] },
): Runner {
  return {
    name,
    usage: usageOf(process.pid),
    unitsPerRequest: 1,
    load: (seconds) => loadTool.run({ origin, seconds, ...load }),
  };
}

export async function stopAll(targets: readonly Pick<Target, 'process'>[]): Promise<void> {
  await Promise.all(targets.map(({ process }) => process.stop()));
}

/** At most so long: the slowest would otherwise take most of the run. */
const warmUpSeconds = 8;

/** Of a scenario that wants so many: none in a run without warming up. */
export function warmUpLoads({ effort }: Bench, wanted = 0): number {
  return effort.warmUpRequests > 0 ? wanted : 0;
}

/** By so many small GETs, which is what most of the traffic is. */
export async function warmUp(
  { loadTool, progress }: Bench,
  targets: readonly Target[],
  requests: number,
): Promise<void> {
  for (const { name, origin } of targets) {
    progress(`warming up ${name}`);
    const load = { origin, connections: 32, seconds: 1, requests: [smallGet] };
    for (let sent = 0, seconds = 0; sent < requests && seconds < warmUpSeconds; seconds += 1) {
      sent += (await loadTool.run(load)).requests;
    }
  }
}
