// CSV as the Bulk APIs exchange it. Authority: RFC 4180, with the delimiter and the line ending that the job names.

import { ApiError } from './api-error.ts';

export interface CsvDialect {
  readonly delimiter: string;
  readonly lineEnding: string;
}

export const commaAndLf: CsvDialect = { delimiter: ',', lineEnding: '\n' };

/** The rows one by one, so that a large upload never exists as objects all at once; empty lines are left out. */
export function* parseCsv(text: string, delimiter = ','): Generator<string[]> {
  const separator = `\\${delimiter}`;
  const nextCell = new RegExp(
    `("[^"]*(?:""[^"]*)*"|[^${separator}\r\n]*)(${separator}|\r\n|\n|\r|$)`,
    'y',
  );
  let row: string[] = [];
  while (nextCell.lastIndex < text.length) {
    const [, cell, end] = nextCell.exec(text) ?? [];
    if (cell === undefined) throw new ApiError(400, 'INVALIDBATCH', 'Failed to parse CSV');
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === delimiter) continue;
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
  if (row.length > 0) yield [...row, ''];
}

export function formatCsvRow(cells: readonly unknown[], { delimiter, lineEnding }: CsvDialect) {
  const quoted = cells.map((cell) => `"${String(cell ?? '').replaceAll('"', '""')}"`);
  return quoted.join(delimiter) + lineEnding;
}
