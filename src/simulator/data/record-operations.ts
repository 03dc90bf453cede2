// One record of a bulk or collection request: applied, and its outcome told without throwing, since its neighbours go on.

import { ApiError } from './api-error.ts';
import { parseFieldText } from './field-values.ts';
import type { Fields, RecordStore } from './records.ts';
import { type FieldDefinition, findField, type ObjectDefinition } from './schema.ts';

export const operations = ['insert', 'update', 'upsert', 'delete', 'hardDelete'] as const;
export type Operation = (typeof operations)[number];

export interface OperationTarget {
  readonly object: ObjectDefinition;
  readonly operation: Operation;
  /** For upsert. */
  readonly externalIdField?: FieldDefinition;
}

export type OperationOutcome =
  | { readonly success: true; readonly id: string; readonly created: boolean }
  | { readonly success: false; readonly error: ApiError };

export function applyOperation(
  records: RecordStore,
  target: OperationTarget,
  fields: Fields,
): OperationOutcome {
  try {
    return { success: true, ...apply(records, target, fields) };
  } catch (error) {
    if (error instanceof ApiError) return { success: false, error };
    throw error;
  }
}

function apply(
  records: RecordStore,
  { object, operation, externalIdField }: OperationTarget,
  fields: Fields,
): { id: string; created: boolean } {
  if (operation === 'insert') return { id: records.create(object, fields), created: true };
  if (operation === 'upsert') {
    if (!externalIdField) throw missingArgument(`External ID field on ${object.name}`);
    const { [externalIdField.name]: value, ...rest } = fields;
    if (typeof value !== 'string' || value === '') throw missingArgument(externalIdField.name);
    if (externalIdField.name !== 'Id') {
      return records.upsert(object, externalIdField, value, rest);
    }
    records.update(object, value, rest);
    return { id: value, created: false };
  }
  const { Id, id = Id, ...rest } = fields;
  if (typeof id !== 'string') throw missingArgument('Id');
  const { Id: id18 } = records.read(object, id);
  if (operation === 'update') records.update(object, id18, rest);
  else records.delete(object, id18);
  return { id: id18, created: false };
}

/** A row of CSV or XML text as typed fields; unknown columns stay, so that the store can refuse them by name. */
export function fieldsFromText(object: ObjectDefinition, texts: Record<string, string>): Fields {
  const fields: Fields = {};
  for (const [name, text] of Object.entries(texts)) {
    const field = findField(object, name);
    const value = field ? parseFieldText(field, text) : text;
    if (value !== undefined) fields[field?.name ?? name] = value;
  }
  return fields;
}

function missingArgument(name: string): ApiError {
  return new ApiError(400, 'MISSING_ARGUMENT', `${name} not specified in an update call`);
}
