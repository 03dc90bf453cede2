// Figures as people read them, and tables that are readable as text and as Markdown.
import { markdownTable } from 'markdown-table';
import type { Summary } from '../statistics.ts';

/** Columns of figures are aligned to the right. One that holds nothing is left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head
    .map((title, at) => [title, ...rows.map((row) => row[at] ?? none)])
    .filter(([, ...cells]) => cells.some((cell) => cell !== none));
  const align = columns.map(([, ...cells], at) => (at > 0 && cells.every(isFigure) ? 'r' : 'l'));
  const lines = Array.from({ length: rows.length + 1 }, (_, at) =>
    columns.map((column) => column[at]),
  );
  return markdownTable(lines, { align });
}

function isFigure(cell: string): boolean {
  return cell === none || /^[≤-]? ?\d/.test(cell);
}

export const none = '–';

export function figure(value: number | undefined, format: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? none : format(value);
}

export function withSpread(
  summary: Summary | undefined,
  format: (value: number) => string,
): string {
  if (summary === undefined || !Number.isFinite(summary.median)) return none;
  const [middle = '', low, high] = [summary.median, summary.low, summary.high].map(format);
  return low === high ? middle : `${middle} (${low}–${high})`;
}

export function times(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

export function microseconds(value: number): string {
  if (value < 1000) return `${value.toFixed(0)} µs`;
  if (value < 10_000) return `${(value / 1000).toFixed(2)} ms`;
  return `${(value / 1000).toFixed(1)} ms`;
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
