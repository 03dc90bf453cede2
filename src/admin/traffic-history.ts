// The last hour in steps of ten seconds: how many requests, how they ended and how long they took. A ring of counters, so that
// its size is the same whatever the traffic.
import { outcomeOf, type RequestEvent } from '../events.ts';

const stepMs = 10_000;
const steps = 360;
const recentSteps = 6;

/** Durations are counted in bins that grow by a tenth: a percentile is off by 5 % at most. */
const growth = 1.1;
const bins = 142;

export const outcomeKinds = ['ok', 'client_error', 'server_error', 'proxy_error', 'cut'] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

interface Step {
  number: number;
  readonly counts: Record<OutcomeKind, number>;
  readonly durations: Uint32Array;
}

type Percentile = number | null;

export interface Percentiles {
  readonly p50: Percentile;
  readonly p95: Percentile;
  readonly p99: Percentile;
}

export interface TrafficSummary extends Percentiles {
  readonly perSecond: number;
  /** Of all that ended, the part with an error, from 0 to 1. */
  readonly failed: number;
}

/** Columns of one value a step, oldest first. */
export interface TrafficSeries {
  readonly stepSeconds: number;
  /** The beginning of each step, in seconds since 1970. */
  readonly time: readonly number[];
  /** Requests a second. */
  readonly rates: Readonly<Record<OutcomeKind, readonly number[]>>;
  readonly latencyMs: Readonly<Record<keyof Percentiles, readonly Percentile[]>>;
}

export class TrafficHistory {
  readonly #ring: Step[] = Array.from({ length: steps + 1 }, emptyStep);

  note(event: RequestEvent, nowMs: number): void {
    const step = this.#stepAt(Math.floor(nowMs / stepMs));
    step.counts[kindOf(event)] += 1;
    // A long poll takes as long as nothing happens: that is no latency.
    if (event.path.startsWith('/cometd/')) return;
    const bin = binOf(event.durationMs);
    step.durations[bin] = (step.durations[bin] ?? 0) + 1;
  }

  /** Whole steps: the present one would look like an end of the traffic. */
  series(nowMs: number): TrafficSeries {
    const numbers = stepsUntil(Math.floor(nowMs / stepMs) - 1, steps);
    const found = numbers.map((number) => this.#known(number));
    const percentiles = found.map((step) => percentilesOf(step ? [step] : []));
    const rate = (kind: OutcomeKind) => found.map((step) => perSecond(step?.counts[kind] ?? 0, 1));
    return {
      stepSeconds: stepMs / 1000,
      time: numbers.map((number) => (number * stepMs) / 1000),
      rates: {
        ok: rate('ok'),
        client_error: rate('client_error'),
        server_error: rate('server_error'),
        proxy_error: rate('proxy_error'),
        cut: rate('cut'),
      },
      latencyMs: {
        p50: percentiles.map(({ p50 }) => p50),
        p95: percentiles.map(({ p95 }) => p95),
        p99: percentiles.map(({ p99 }) => p99),
      },
    };
  }

  /** The last minute of whole steps. */
  summary(nowMs: number): TrafficSummary {
    const found = stepsUntil(Math.floor(nowMs / stepMs) - 1, recentSteps).flatMap(
      (number) => this.#known(number) ?? [],
    );
    const sum = (kinds: readonly OutcomeKind[]) =>
      found.flatMap(({ counts }) => kinds.map((kind) => counts[kind])).reduce((a, b) => a + b, 0);
    const total = sum(outcomeKinds);
    return {
      perSecond: perSecond(total, recentSteps),
      failed: total === 0 ? 0 : 1 - sum(['ok']) / total,
      ...percentilesOf(found),
    };
  }

  #known(number: number): Step | undefined {
    const step = this.#ring[number % (steps + 1)];
    return step?.number === number ? step : undefined;
  }

  #stepAt(number: number): Step {
    const step = this.#ring[number % (steps + 1)] as Step;
    if (step.number !== number) {
      step.number = number;
      step.durations.fill(0);
      for (const kind of outcomeKinds) step.counts[kind] = 0;
    }
    return step;
  }
}

function emptyStep(): Step {
  return {
    number: -1,
    counts: { ok: 0, client_error: 0, server_error: 0, proxy_error: 0, cut: 0 },
    durations: new Uint32Array(bins),
  };
}

function stepsUntil(last: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => last - count + 1 + index);
}

function kindOf(event: RequestEvent): OutcomeKind {
  const [kind] = outcomeOf(event).split(':', 1);
  return kind as OutcomeKind;
}

function perSecond(count: number, stepCount: number): number {
  return count / ((stepCount * stepMs) / 1000);
}

function binOf(ms: number): number {
  if (ms <= 1) return 0;
  return Math.min(bins - 1, Math.ceil(Math.log(ms) / Math.log(growth)));
}

function percentilesOf(found: readonly Step[]): Percentiles {
  const counts = new Uint32Array(bins);
  let total = 0;
  for (const { durations } of found) {
    for (const [bin, count] of durations.entries()) {
      counts[bin] = (counts[bin] ?? 0) + count;
      total += count;
    }
  }
  const at = (share: number) => percentile(counts, total * share);
  return total === 0
    ? { p50: null, p95: null, p99: null }
    : { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function percentile(counts: Uint32Array, rank: number): number {
  let seen = 0;
  const bin = counts.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  // The middle of the bin.
  return Math.round(growth ** (bin - 0.5) * 10) / 10;
}
