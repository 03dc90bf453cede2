// How durations, sizes and counts are written in the configuration. A number without a unit is refused:
// nobody remembers whether 30 was seconds or milliseconds.
import { ProxyError } from '../errors.ts';

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** The longest delay that Node's timers keep; a longer one would fire at once. */
const maxDurationMs = 2 ** 31 - 1;

export const durationExpected = 'expected a duration such as 500ms, 30s, 5m or 2h';
export const byteSizeExpected = 'expected a size such as 512B, 64KiB, 1MiB or 1GiB';

export function parseDuration(text: string): number {
  const ms = parseQuantity(text, durationUnits);
  if (ms === undefined) throw invalid(durationExpected);
  if (ms === 0) throw invalid(`${durationExpected}, more than 0`);
  if (ms > maxDurationMs) throw invalid(`${durationExpected}, at most 596h`);
  return ms;
}

export function parseByteSize(text: string): number {
  const bytes = parseQuantity(text, sizeUnits);
  if (bytes === undefined) throw invalid(byteSizeExpected);
  return bytes;
}

export function parseCount(text: string, minimum: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < minimum) throw invalid(countExpected(minimum));
  return count;
}

export function countExpected(minimum: number): string {
  return `expected a whole number, ${minimum} or more`;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, name] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
  if (digits === undefined || name === undefined || !Object.hasOwn(units, name)) return undefined;
  const quantity = Number(digits) * (units[name] ?? Number.NaN);
  return Number.isSafeInteger(quantity) ? quantity : undefined;
}

function invalid(message: string): ProxyError {
  return new ProxyError('config_invalid', message);
}
