// What a field accepts: a JSON value is checked against the field's type, CSV and XML text is converted to it first.

import { ApiError } from './api-error.ts';
import type { FieldDefinition, FieldType } from './schema.ts';

export type FieldValue = string | number | boolean | null;

const numeric: ReadonlySet<FieldType> = new Set(['double', 'currency', 'int']);

/** Bulk and SOAP data is text: `#N/A` is null, an empty cell is "leave it alone" (undefined). */
export function parseFieldText(field: FieldDefinition, text: string): FieldValue | undefined {
  if (text === '') return undefined;
  if (text === '#N/A') return null;
  if (numeric.has(field.type)) return Number.isNaN(Number(text)) ? text : Number(text);
  if (field.type === 'boolean') return ['true', '1'].includes(text.toLowerCase());
  return text;
}

export function checkFieldValue(field: FieldDefinition, value: unknown): FieldValue {
  if (value === null) return field.type === 'boolean' ? false : null;
  const accepted = accept(field, value);
  if (accepted === undefined) {
    throw new ApiError(
      400,
      'JSON_PARSER_ERROR',
      `Cannot deserialize instance of ${field.type} from VALUE_${(typeof value).toUpperCase()} value ${JSON.stringify(value)} or request may be missing a required field at [line:1, column:1]`,
    );
  }
  return accepted;
}

function accept(field: FieldDefinition, value: unknown): FieldValue | undefined {
  if (numeric.has(field.type)) return typeof value === 'number' ? value : undefined;
  if (field.type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (typeof value !== 'string') return typeof value === 'number' ? String(value) : undefined;
  const isWellFormed = wellFormed[field.type] ?? (() => true);
  if (!isWellFormed(value)) return undefined;
  return value === '' ? null : value;
}

const wellFormed: Partial<Record<FieldType, (text: string) => boolean>> = {
  date: (text) => /^\d{4}-\d\d-\d\d/.test(text),
  datetime: (text) => !Number.isNaN(Date.parse(text)),
};

/** Salesforce writes date-times with milliseconds and a numeric zone: `2026-01-31T12:00:00.000+0000`. */
export function toSalesforceDateTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}
