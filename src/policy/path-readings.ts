// Every way in which a server may plausibly understand a path. Proxies and servers disagree about when to decode,
// what separates segments and what `;` means; each disagreement has been a way around somebody's access rule.

import { decodePercentOnce } from './percent-decoding.ts';

/** Segments are strings of bytes, without the leading and the trailing slash, which name nothing. */
export type PathReading = readonly string[];

/**
 * The distinct readings of a raw path, the plain one first (nothing decoded, `;` kept, repeated slashes merged).
 * Combined are: decoded never, once or twice; decoded slashes and backslashes splitting or not, before or after the
 * second decoding; matrix parameters kept, dropped before decoding, or dropped after. At most 96, usually 1 or 2.
 */
export function pathReadings(path: string): PathReading[] {
  const kept = path.split('/');
  const starts = path.includes(';') ? distinct([kept, kept.map(dropParameters)]) : [kept];
  const decoded = distinct(starts.flatMap(decodings));
  const finished = distinct(decoded.flatMap((reading) => [reading, reading.map(dropParameters)]));
  return distinct(finished.flatMap((reading) => [mergeSlashes(reading), trimSlashes(reading)]));
}

function decodings(raw: PathReading): PathReading[] {
  const once = raw.map(decodePercentOnce);
  const twice = once.map(decodePercentOnce);
  const whole = [raw, once, twice];
  if (!twice.some((segment) => /[/\\]/.test(segment))) return whole;
  const split = [/\//, /\\/, /[/\\]/].flatMap((separator) => {
    const early = once.flatMap((segment) => segment.split(separator));
    const late = twice.flatMap((segment) => segment.split(separator));
    return [early, early.map(decodePercentOnce), late];
  });
  return [...whole, ...split];
}

function dropParameters(segment: string): string {
  const start = segment.indexOf(';');
  return start === -1 ? segment : segment.slice(0, start);
}

function mergeSlashes(reading: PathReading): PathReading {
  return reading.filter((segment) => segment !== '');
}

function trimSlashes(reading: PathReading): PathReading {
  const first = reading.findIndex((segment) => segment !== '');
  const last = reading.findLastIndex((segment) => segment !== '');
  return first === -1 ? [] : reading.slice(first, last + 1);
}

/** Segments hold no control character by the time they come here, so a NUL joins them without ambiguity. */
function distinct(readings: readonly PathReading[]): PathReading[] {
  return [...new Map(readings.map((reading) => [reading.join('\0'), reading])).values()];
}
