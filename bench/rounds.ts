// Who is measured when: in every round each entry once, in an order that moves on by one, so that the noise of the machine
// hits all alike and a ratio is taken between neighbours in time.
import { setTimeout as sleep } from 'node:timers/promises';
import { roundSeconds } from './effort.ts';
import type { LoadResult } from './load/load.ts';
import type { ProcessUsage } from './measure/process-usage.ts';
import type { Entry, Round } from './results.ts';
import { orderOf } from './statistics.ts';

export interface Runner {
  readonly name: string;
  /** Of the process whose CPU and memory count; undefined: none. */
  readonly usage: ProcessUsage | undefined;
  /** How many units a request is. */
  readonly unitsPerRequest: number;
  load(seconds: number): Promise<LoadResult>;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** Default: one. Whole ones: wrk takes no others. */
  readonly seconds?: number;
  /** So many loads of each go before. Default: none. */
  readonly warmUpLoads?: number;
  readonly progress: (text: string) => void;
}

/** For what one load leaves behind: answers on their way, connections that close. */
const betweenLoadsMs = 50;

export async function runRounds(
  runners: readonly Runner[],
  options: RoundsOptions,
): Promise<Entry[]> {
  const { rounds, seconds = roundSeconds, warmUpLoads = 0, progress } = options;
  const done = new Map<string, Round[]>(runners.map(({ name }) => [name, []]));
  for (let load = 0; load < warmUpLoads; load += 1) {
    for (const runner of runners) {
      progress(`warming up ${runner.name}`);
      await runner.load(seconds);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const runner of orderOf(runners, round)) {
      progress(`round ${round + 1} of ${rounds}: ${runner.name}`);
      await sleep(betweenLoadsMs);
      done.get(runner.name)?.push(await measure(runner, seconds));
    }
  }
  return runners.map(({ name }) => ({ name, rounds: done.get(name) ?? [] }));
}

async function measure(runner: Runner, seconds: number): Promise<Round> {
  const { usage, unitsPerRequest } = runner;
  usage?.resetPeak();
  const beforeUs = usage?.cpuUs() ?? 0;
  let done = await runner.load(seconds);
  // A machine that stands still for so long has nothing to divide by.
  if (done.requests + done.errors === 0) done = await runner.load(seconds);
  const { requests, ...result } = done;
  return {
    ...result,
    units: requests * unitsPerRequest,
    ...(usage && { cpuUs: usage.cpuUs() - beforeUs, peakBytes: usage.peakBytes() }),
  };
}
