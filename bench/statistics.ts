// The few figures that a series of rounds is told by. Medians, because on a busy machine single rounds are far off.

export interface Summary {
  readonly median: number;
  /**
   * The quartiles: half of the values are between them. The least and the most would tell of the machine alone. Of fewer than
   * four values there are none, and both are the median.
   */
  readonly low: number;
  readonly high: number;
}

/** Undefined where there is nothing to summarise. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const middle = median(values);
  if (values.length < 4) return { median: middle, low: middle, high: middle };
  return { median: middle, low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between two values it is interpolated. Of no values there is none: NaN. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const lower = sorted[Math.floor(at)] ?? Number.NaN;
  const upper = sorted[Math.ceil(at)] ?? Number.NaN;
  return lower + (upper - lower) * (at - Math.floor(at));
}

/**
 * The order of one round: each goes first once in so many rounds, and follows now the one before it and now the one after
 * it, so that what changes over time, and what each leaves behind, hits all alike.
 */
export function orderOf<T>(values: readonly T[], round: number): T[] {
  const [first, ...others] = rotate(values, round);
  if (first === undefined) return [];
  return [first, ...(round % 2 === 0 ? others : others.reverse())];
}

export function rotate<T>(values: readonly T[], by: number): T[] {
  const start = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How y grows with x: the median of the slopes between all pairs (Theil and Sen), which a few odd points do not move. */
export function slope(points: readonly Point[]): number {
  const slopes = points.flatMap((a, at) =>
    points
      .slice(at + 1)
      .filter((b) => b.x !== a.x)
      .map((b) => (b.y - a.y) / (b.x - a.x)),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}
