// How much is done: the full run ends within ten minutes, the quick one within one. The quick one is for correctness; its
// figures are rough.

/** How small a difference a scenario has to tell from the noise: what no goal is about needs no more than `rough`. */
export type Precision = 'rough' | 'usual' | 'fine';

export interface Effort {
  readonly rounds: Readonly<Record<Precision, number>>;
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
  rounds: { rough: 3, usual: 4, fine: 8 },
  warmUpRequests: 30_000,
  growthRounds: 3,
  growthWarmUpRequests: 8000,
  starts: 5,
  hasRestAfterLoad: true,
  idleMs: 3000,
  heapRequests: 200_000,
  heapSamples: 10,
};

export const quick: Effort = {
  rounds: { rough: 1, usual: 1, fine: 1 },
  warmUpRequests: 0,
  growthRounds: 1,
  growthWarmUpRequests: 0,
  starts: 1,
  hasRestAfterLoad: false,
  idleMs: 500,
  heapRequests: 2000,
  heapSamples: 2,
};
