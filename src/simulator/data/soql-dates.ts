// What a SOQL date, date-time or date literal means: the half-open span of time [from, to) it stands for, in UTC.
// Authority: SOQL reference, "Date Formats and Date Literals". Only the literals that clients commonly send.

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

const dayMs = 86_400_000;

export function dateSpan(text: string): TimeSpan {
  const fromMs = Date.parse(text);
  return { fromMs, toMs: fromMs + (text.length === 10 ? dayMs : 1) };
}

/** Undefined for a literal that the simulated org does not know. */
export function literalSpan(literal: string, nowMs: number): TimeSpan | undefined {
  const today = nowMs - (nowMs % dayMs);
  const [name = '', count] = literal.toUpperCase().split(':');
  return count === undefined ? fixedSpan(name, today) : countedSpan(name, Number(count), today);
}

function fixedSpan(name: string, today: number): TimeSpan | undefined {
  const [period, step] = fixedLiterals[name] ?? [];
  if (step === undefined) return undefined;
  const now = new Date(today);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  if (period === 'day') return { fromMs: today + step * dayMs, toMs: today + (step + 1) * dayMs };
  if (period === 'month') {
    return { fromMs: Date.UTC(year, month + step), toMs: Date.UTC(year, month + step + 1) };
  }
  return { fromMs: Date.UTC(year + step, 0), toMs: Date.UTC(year + step + 1, 0) };
}

const fixedLiterals: Record<string, readonly ['day' | 'month' | 'year', number]> = {
  YESTERDAY: ['day', -1],
  TODAY: ['day', 0],
  TOMORROW: ['day', 1],
  LAST_MONTH: ['month', -1],
  THIS_MONTH: ['month', 0],
  NEXT_MONTH: ['month', 1],
  LAST_YEAR: ['year', -1],
  THIS_YEAR: ['year', 0],
  NEXT_YEAR: ['year', 1],
};

function countedSpan(name: string, days: number, today: number): TimeSpan | undefined {
  if (name === 'LAST_N_DAYS') return { fromMs: today - days * dayMs, toMs: today + dayMs };
  if (name === 'NEXT_N_DAYS') {
    return { fromMs: today + dayMs, toMs: today + (days + 1) * dayMs };
  }
  if (name === 'N_DAYS_AGO') {
    return { fromMs: today - days * dayMs, toMs: today - (days - 1) * dayMs };
  }
  return undefined;
}
