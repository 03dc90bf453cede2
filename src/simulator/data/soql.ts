// What a SOQL query returns: parsed by @jetstreamapp/soql-parser-js, run over the record store. Authority: SOQL and SOSL Reference.

import {
  type FieldType,
  type OrderByClause,
  parseQuery,
  type Query,
} from '@jetstreamapp/soql-parser-js';
import { ApiError } from './api-error.ts';
import type { FieldValue } from './field-values.ts';
import type { RecordStore, Row } from './records.ts';
import { findObject, type ObjectDefinition } from './schema.ts';
import { type FieldPath, resolveFieldPath } from './soql-fields.ts';
import { compareValues, compileWhere } from './soql-where.ts';

export interface SoqlResult {
  readonly object: ObjectDefinition;
  /** The columns as a CSV names them, e.g. `Account.Name`. */
  readonly columns: readonly FieldPath[];
  /** `SELECT COUNT()`: only the number is asked for. */
  readonly countOnly: boolean;
  readonly rows: readonly Row[];
}

export function runSoql(
  records: RecordStore,
  soql: string,
  options: { withDeleted: boolean; nowMs: number },
): SoqlResult {
  const query = parse(soql);
  const object = findObject(query.sObject ?? '');
  if (!object) throw unknownType(query.sObject ?? '');
  refuseUnsupported(query);
  const resolve = (path: string) => resolveFieldPath(records, object, path, query.sObjectAlias);
  const countOnly = isPlainCount(query.fields);
  const columns = countOnly ? [] : selectColumns(object, query, resolve);
  const matches = compileWhere(query.where, { resolve, nowMs: options.nowMs });
  const sort = compileOrder(query.orderBy, resolve);

  const selected = sort(records.rows(object, options.withDeleted).filter(matches));
  const from = query.offset ?? 0;
  const rows = selected.slice(from, from + (query.limit ?? selected.length));
  return { object, columns, countOnly, rows };
}

/** One result row as the REST API writes it, parents nested and with their `attributes`. */
export function toSObject(
  { object, columns }: SoqlResult,
  row: Row,
  version: string,
): Record<string, unknown> {
  const result: Record<string, unknown> = { attributes: attributesOf(object, row.Id, version) };
  for (const { field, parents, chain } of columns) {
    const [, ...parentRows] = chain(row);
    let target = result;
    for (const [depth, parent] of parents.entries()) {
      const id = parentRows[depth]?.Id;
      target[parent.name] ??= id ? { attributes: attributesOf(parent.object, id, version) } : null;
      target = (target[parent.name] ?? {}) as Record<string, unknown>;
    }
    const holder = parents.length === 0 ? row : parentRows.at(-1);
    if (holder) target[field.name] = holder[field.name];
  }
  return result;
}

export function columnName({ field, parents }: FieldPath): string {
  return [...parents.map(({ name }) => name), field.name].join('.');
}

export function attributesOf(object: ObjectDefinition, id: string, version: string) {
  return { type: object.name, url: `/services/data/v${version}/sobjects/${object.name}/${id}` };
}

export function unknownType(name: string): ApiError {
  return new ApiError(
    400,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

function parse(soql: string): Query {
  try {
    return parseQuery(soql);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unexpected token';
    throw new ApiError(400, 'MALFORMED_QUERY', `\n${soql}\n^\nERROR at Row:1:Column:1\n${reason}`);
  }
}

function refuseUnsupported(query: Query): void {
  for (const clause of ['groupBy', 'having', 'withDataCategory', 'usingScope'] as const) {
    if (query[clause]) {
      throw new ApiError(400, 'MALFORMED_QUERY', `the simulated org does not support ${clause}`);
    }
  }
}

function isPlainCount(fields: FieldType[] = []): boolean {
  const [only] = fields;
  return (
    fields.length === 1 &&
    only?.type === 'FieldFunctionExpression' &&
    only.functionName.toUpperCase() === 'COUNT' &&
    only.parameters.length === 0
  );
}

function selectColumns(
  object: ObjectDefinition,
  query: Query,
  resolve: (path: string) => FieldPath,
): FieldPath[] {
  return (query.fields ?? []).flatMap((selected) => {
    if (selected.type === 'Field') return [resolve(selected.field)];
    if (selected.type === 'FieldRelationship') {
      return [resolve([...selected.relationships, selected.field].join('.'))];
    }
    if (selected.type === 'FieldFunctionExpression' && selected.functionName === 'FIELDS') {
      return [...object.fields.values()].map(({ name }) => resolve(name));
    }
    throw new ApiError(
      400,
      'MALFORMED_QUERY',
      'the simulated org supports fields, parent fields, COUNT() and FIELDS() only',
    );
  });
}

function compileOrder(
  orderBy: OrderByClause | OrderByClause[] | undefined,
  resolve: (path: string) => FieldPath,
): (rows: Row[]) => Row[] {
  const criteria = [orderBy ?? []].flat().map((clause) => {
    if (!('field' in clause)) {
      throw new ApiError(400, 'MALFORMED_QUERY', 'functions in ORDER BY are not supported');
    }
    const { read } = resolve(clause.field);
    const direction = clause.order === 'DESC' ? -1 : 1;
    const nullsLast = clause.nulls === 'LAST';
    return (a: Row, b: Row) => compareNullable(read(a), read(b), direction, nullsLast);
  });
  if (criteria.length === 0) return (rows) => rows;
  return (rows) =>
    rows.sort((a, b) => {
      for (const compare of criteria) {
        const order = compare(a, b);
        if (order !== 0) return order;
      }
      return 0;
    });
}

function compareNullable(
  a: FieldValue,
  b: FieldValue,
  direction: 1 | -1,
  nullsLast: boolean,
): number {
  if (a !== null && b !== null) return direction * compareValues(a, b);
  const nullFirst = Number(b === null) - Number(a === null);
  return nullsLast ? -nullFirst : nullFirst;
}
