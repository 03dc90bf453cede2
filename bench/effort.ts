// How much is done: the full run ends within ten minutes, the quick one within one. The quick one is for correctness; its
// figures are rough.

export interface Effort {
  /** Of scenarios that a goal is about. */
  readonly rounds: number;
  /** Of the others. */
  readonly otherRounds: number;
  /** Before a process is measured for the first time: a JIT compiler needs tens of thousands. */
  readonly warmUpRequests: number;
  /** Of the experiments that show how cost grows, which have many processes. */
  readonly growthRounds: number;
  readonly growthWarmUpRequests: number;
  readonly starts: number;
  /** Is the memory also looked at after some load? */
  readonly hasRestAfterLoad: boolean;
  /** Between the first answer and looking at the memory. */
  readonly idleMs: number;
  readonly heapRequests: number;
  readonly heapSamples: number;
}

/** Of one round of one entry. */
export const roundSeconds = 1;

export const full: Effort = {
  rounds: 5,
  otherRounds: 3,
  warmUpRequests: 30_000,
  growthRounds: 2,
  growthWarmUpRequests: 8000,
  starts: 5,
  hasRestAfterLoad: true,
  idleMs: 3000,
  heapRequests: 200_000,
  heapSamples: 10,
};

export const quick: Effort = {
  rounds: 1,
  otherRounds: 1,
  warmUpRequests: 0,
  growthRounds: 1,
  growthWarmUpRequests: 0,
  starts: 1,
  hasRestAfterLoad: false,
  idleMs: 500,
  heapRequests: 2000,
  heapSamples: 2,
};
