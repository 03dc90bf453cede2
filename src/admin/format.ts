// Quantities as people read them.

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** The two largest units: `3 d 4 h`, `12 min`, `5 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= day) return twoUnits(whole, [day, 'd'], [hour, 'h']);
  if (whole >= hour) return twoUnits(whole, [hour, 'h'], [minute, 'min']);
  return whole >= minute ? `${Math.floor(whole / minute)} min` : `${whole} s`;
}

/** Both in ISO 8601. */
export function formatAgo(at: string, now: string): string {
  const seconds = secondsBetween(at, now);
  return seconds < 3 ? 'just now' : `${formatSeconds(seconds)} ago`;
}

export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

export function formatMs(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatRate(perSecond: number): string {
  return perSecond >= 10 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(1);
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return percent === 0 || percent >= 10 ? `${Math.round(percent)} %` : `${percent.toFixed(1)} %`;
}

function twoUnits(
  seconds: number,
  [large, largeName]: [number, string],
  [small, smallName]: [number, string],
): string {
  const rest = Math.floor((seconds % large) / small);
  const first = `${Math.floor(seconds / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}
