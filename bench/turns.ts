// Loads of one process that take turns of a tenth of a second, for differences that are smaller than what a busy machine makes
// of two seconds in a row. Whatever the process uses in a turn is charged to the load whose turn it is: beside it, the others
// have at most the requests in flight when they were paused.
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenLoad } from './load/load.ts';
import type { ProcessUsage } from './measure/process-usage.ts';
import type { Entry, Round } from './results.ts';
import { orderOf } from './statistics.ts';

export interface TurnTaker {
  readonly name: string;
  start(): OpenLoad;
}

export interface TurnsOptions {
  /** Of the process whose CPU and memory count. */
  readonly usage: ProcessUsage;
  readonly rounds: number;
  /** Of each load in a round. */
  readonly turns: number;
  readonly progress: (text: string) => void;
}

const turnMs = 100;

export async function runInTurns(
  takers: readonly TurnTaker[],
  { usage, rounds, turns, progress }: TurnsOptions,
): Promise<Entry[]> {
  const entries = takers.map((taker) => ({ name: taker.name, taker, rounds: [] as Round[] }));
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`);
    const results = await oneRound(orderOf(takers, round), usage, turns);
    for (const { taker, rounds } of entries) rounds.push(results.get(taker) as Round);
  }
  return entries.map(({ name, rounds }) => ({ name, rounds }));
}

async function oneRound(
  takers: readonly TurnTaker[],
  usage: ProcessUsage,
  turns: number,
): Promise<Map<TurnTaker, Round>> {
  usage.resetPeak();
  const account = new Account(usage);
  const loads = new Map<TurnTaker, OpenLoad>();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const taker of takers) {
      const load = loads.get(taker);
      if (load) load.resume();
      else loads.set(taker, taker.start());
      await sleep(turnMs);
      loads.get(taker)?.pause();
      account.charge(taker);
    }
  }
  const rounds = new Map<TurnTaker, Round>();
  for (const [taker, load] of loads) {
    // It goes on until it has noticed.
    const { requests, errors } = await load.end();
    const { cpuUs, seconds } = account.charge(taker);
    rounds.set(taker, { units: requests, errors, seconds, cpuUs, peakBytes: usage.peakBytes() });
  }
  return rounds;
}

/** Who has used how much of the time and the CPU. */
class Account {
  readonly #usage: ProcessUsage;
  readonly #used = new Map<TurnTaker, { cpuUs: number; seconds: number }>();
  #cpuUs: number;
  #nowMs = performance.now();

  constructor(usage: ProcessUsage) {
    this.#usage = usage;
    this.#cpuUs = usage.cpuUs();
  }

  /** For all since the last time. @returns what was charged so far */
  charge(taker: TurnTaker): { readonly cpuUs: number; readonly seconds: number } {
    const [cpuUs, nowMs] = [this.#usage.cpuUs(), performance.now()];
    const before = this.#used.get(taker) ?? { cpuUs: 0, seconds: 0 };
    const used = {
      cpuUs: before.cpuUs + cpuUs - this.#cpuUs,
      seconds: before.seconds + (nowMs - this.#nowMs) / 1000,
    };
    this.#used.set(taker, used);
    [this.#cpuUs, this.#nowMs] = [cpuUs, nowMs];
    return used;
  }
}
