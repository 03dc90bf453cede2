// What a run has measured: the shape of results.json, of which every table, verdict and picture is made.
import type { Point } from './statistics.ts';

export interface Results {
  readonly startedAt: string;
  readonly isQuick: boolean;
  readonly seconds: number;
  readonly machine: Machine;
  /** Of the sources, as git names it; undefined without git. */
  readonly commit: string | undefined;
  readonly loadTool: string;
  readonly upstream: string;
  readonly contestants: readonly ContestantFacts[];
  /** Who does not take part, and why. */
  readonly absent: readonly LeftOut[];
  readonly scenarios: readonly ScenarioResult[];
  readonly starts?: readonly StartResult[];
  readonly heap?: HeapResult;
  /** What went wrong: with any of these the run has failed. */
  readonly faults: readonly string[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

export interface ContestantFacts {
  readonly name: string;
  readonly label: string;
  readonly isOurs: boolean;
  readonly version: string;
  readonly note: string;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** What a scenario counts: requests, or megabytes (of 1,048,576 bytes) of bodies. */
export type Unit = 'request' | 'MB';

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** What the entries differ in, where they are no contestants: the head of the first column. */
  readonly variable?: string;
  readonly entries: readonly Entry[];
  readonly leftOut: readonly LeftOut[];
  /** Facts that the figures do not show. */
  readonly remarks: readonly string[];
}

export interface Entry {
  /** The name of a contestant, or of what the entries differ in. */
  readonly name: string;
  readonly rounds: readonly Round[];
}

export interface Round {
  /** Requests or megabytes. */
  readonly units: number;
  readonly seconds: number;
  readonly errors: number;
  /** Of the contestant, from the operating system; undefined where there is none in between. */
  readonly cpuUs?: number;
  readonly peakBytes?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface StartResult {
  readonly name: string;
  /** From the start of the process to the first answer. */
  readonly firstAnswerMs: readonly number[];
  readonly idleBytes: number;
  readonly idleAfterLoadBytes?: number;
}

export interface HeapResult {
  /** Requests so far, and the bytes of the heap after a collection. */
  readonly samples: readonly Point[];
  readonly bytesPerRequest: number;
}

/** Undefined for an entry that was not measured. */
export function roundsOf(
  results: Results,
  scenario: string,
  entry: string,
): readonly Round[] | undefined {
  const found = results.scenarios.find(({ name }) => name === scenario);
  return found?.entries.find(({ name }) => name === entry)?.rounds;
}

export function cpuPerUnit(round: Round): number {
  return (round.cpuUs ?? Number.NaN) / round.units;
}
