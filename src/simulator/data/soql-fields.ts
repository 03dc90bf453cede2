// What a field path in SOQL means: `Name`, `Account.Owner.Name`, `a.Name` with an alias; and how it is read from a row.

import { ApiError } from './api-error.ts';
import type { FieldValue } from './field-values.ts';
import type { RecordStore, Row } from './records.ts';
import { type FieldDefinition, findField, findObject, type ObjectDefinition } from './schema.ts';

export interface FieldPath {
  readonly field: FieldDefinition;
  /** The parents followed, in Salesforce's spelling; empty for a field of the row itself. */
  readonly parents: ReadonlyArray<{ readonly name: string; readonly object: ObjectDefinition }>;
  readonly read: (row: Row) => FieldValue;
  /** The row itself, then each parent on the way; null from where a relationship is empty. */
  readonly chain: (row: Row) => Array<Row | null>;
}

export function resolveFieldPath(
  records: RecordStore,
  object: ObjectDefinition,
  path: string,
  alias?: string,
): FieldPath {
  const names = path.split('.');
  const [first = ''] = names;
  if (names.length > 1 && [alias, object.name].some((own) => sameName(own, first))) names.shift();
  const fieldName = names.pop() ?? '';

  const parents: Array<{ name: string; object: ObjectDefinition }> = [];
  const keys: string[] = [];
  let holderObject = object;
  for (const name of names) {
    const reference = findReference(holderObject, name);
    keys.push(reference.field.name);
    holderObject = reference.object;
    parents.push({ name: reference.name, object: holderObject });
  }
  const field = findField(holderObject, fieldName);
  if (!field) throw noSuchColumn(fieldName, holderObject);

  const chain = (row: Row): Array<Row | null> => {
    const rows: Array<Row | null> = [row];
    for (const [depth, parent] of parents.entries()) {
      const id: FieldValue = rows[depth]?.[keys[depth] ?? ''] ?? null;
      rows.push((typeof id === 'string' && records.find(parent.object, id)) || null);
    }
    return rows;
  };
  const read =
    parents.length === 0
      ? (row: Row) => row[field.name] ?? null
      : (row: Row) => chain(row).at(-1)?.[field.name] ?? null;
  return { field, parents, chain, read };
}

function findReference(object: ObjectDefinition, relationshipName: string) {
  for (const field of object.fields.values()) {
    if (!sameName(field.relationshipName, relationshipName)) continue;
    const target = findObject(field.referenceTo ?? '');
    if (target) return { field, object: target, name: field.relationshipName ?? '' };
  }
  throw new ApiError(
    400,
    'INVALID_FIELD',
    `Didn't understand relationship '${relationshipName}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

function noSuchColumn(name: string, object: ObjectDefinition): ApiError {
  return new ApiError(
    400,
    'INVALID_FIELD',
    `No such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

function sameName(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}
