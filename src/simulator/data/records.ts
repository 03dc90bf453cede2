// The records of the org: create, read, update, upsert, delete, with Salesforce's checks. Rows are immutable: an update replaces
// the row, so that a snapshot is a shallow copy and an open query cursor keeps what it saw.

import { ApiError, notFound } from './api-error.ts';
import { checkFieldValue, type FieldValue, toSalesforceDateTime } from './field-values.ts';
import { normalizeId, recordId } from './record-id.ts';
import {
  type FieldDefinition,
  findField,
  findObject,
  type ObjectDefinition,
  objectDefinitions,
} from './schema.ts';

export type Row = Readonly<Record<string, FieldValue>> & { readonly Id: string };
export type Fields = Record<string, unknown>;
export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, Row>>;

export class RecordStore {
  #tables: Map<string, Map<string, Row>>;
  readonly #serials = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#tables = new Map(objectDefinitions.map(({ name }) => [name, new Map()]));
  }

  /** All rows in order of creation; the deleted ones only for queryAll. */
  rows(object: ObjectDefinition, withDeleted = false): Row[] {
    const all = [...this.#table(object).values()];
    return withDeleted ? all : all.filter((row) => !row.IsDeleted);
  }

  /** A live row, as a relationship or a semi-join sees it. */
  find(object: ObjectDefinition, id: string): Row | undefined {
    const row = this.#table(object).get(normalizeId(id) ?? '');
    return row?.IsDeleted ? undefined : row;
  }

  read(object: ObjectDefinition, id: string): Row {
    const row = this.#table(object).get(normalizeId(id) ?? '');
    if (!row) throw notFound();
    if (row.IsDeleted) throw new ApiError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
    return row;
  }

  findByExternalId(object: ObjectDefinition, field: FieldDefinition, value: string): Row[] {
    const wanted = value.toLowerCase();
    return this.rows(object).filter((row) => String(row[field.name]).toLowerCase() === wanted);
  }

  create(object: ObjectDefinition, fields: Fields): string {
    this.#requireWritable(object);
    const values = this.#checkFields(object, fields);
    const missing = [...object.fields.values()]
      .filter((field) => field.required && (values[field.name] ?? null) === null)
      .map((field) => field.name);
    if (missing.length > 0) throw requiredFieldMissing(missing);
    return this.insert(object, values);
  }

  /** Without the checks of the API: how the seed and the org's own rows come in. */
  insert(object: ObjectDefinition, values: Record<string, FieldValue>): string {
    const id = typeof values.Id === 'string' ? values.Id : this.#nextId(object);
    const stamp = toSalesforceDateTime(this.#now());
    const row: Record<string, FieldValue> = {};
    for (const field of object.fields.values()) {
      row[field.name] = values[field.name] ?? (field.type === 'boolean' ? false : null);
    }
    for (const name of ['CreatedDate', 'LastModifiedDate', 'SystemModstamp']) row[name] ??= stamp;
    this.#table(object).set(id, derive(object, { ...row, Id: id }));
    return id;
  }

  update(object: ObjectDefinition, id: string, fields: Fields): void {
    this.#requireWritable(object);
    const row = this.read(object, id);
    const values = this.#checkFields(object, fields);
    const emptied = [...object.fields.values()]
      .filter((field) => field.required && values[field.name] === null)
      .map((field) => field.name);
    if (emptied.length > 0) throw requiredFieldMissing(emptied);
    this.#replace(object, { ...row, ...values });
  }

  upsert(
    object: ObjectDefinition,
    field: FieldDefinition,
    value: string,
    fields: Fields,
  ): { id: string; created: boolean } {
    const [match, ...others] = this.findByExternalId(object, field, value);
    if (others.length > 0) {
      throw new ApiError(300, 'MULTIPLE_CHOICES', `External ID is not unique: ${value}`);
    }
    if (!match) {
      return { id: this.create(object, { ...fields, [field.name]: value }), created: true };
    }
    this.update(object, match.Id, fields);
    return { id: match.Id, created: false };
  }

  /** To the recycle bin: still visible to queryAll. */
  delete(object: ObjectDefinition, id: string): void {
    this.#requireWritable(object);
    this.#replace(object, { ...this.read(object, id), IsDeleted: true });
  }

  snapshot(): Snapshot {
    return new Map([...this.#tables].map(([name, table]) => [name, new Map(table)]));
  }

  /** Undoes everything since the snapshot; only safe when nothing was awaited in between. */
  restore(snapshot: Snapshot): void {
    this.#tables = new Map([...snapshot].map(([name, table]) => [name, new Map(table)]));
  }

  #table(object: ObjectDefinition): Map<string, Row> {
    const table = this.#tables.get(object.name);
    if (!table) throw new TypeError(`no table for ${object.name}`);
    return table;
  }

  #nextId(object: ObjectDefinition): string {
    const serial = (this.#serials.get(object.name) ?? 0) + 1;
    this.#serials.set(object.name, serial);
    return recordId(object.keyPrefix, serial);
  }

  #replace(object: ObjectDefinition, row: Row): void {
    const stamp = toSalesforceDateTime(this.#now());
    const stamped = { ...row, LastModifiedDate: stamp, SystemModstamp: stamp };
    this.#table(object).set(row.Id, derive(object, stamped));
  }

  #requireWritable(object: ObjectDefinition): void {
    if (object.writable) return;
    throw new ApiError(
      400,
      'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      `entity type cannot be changed through this API: ${object.name}`,
    );
  }

  #checkFields(object: ObjectDefinition, fields: Fields): Record<string, FieldValue> {
    const values: Record<string, FieldValue> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (name === 'attributes') continue;
      const field = findField(object, name);
      if (!field) {
        throw new ApiError(
          400,
          'INVALID_FIELD',
          `No such column '${name}' on sobject of type ${object.name}`,
        );
      }
      if (!field.writable) throw notWritable(field.name);
      values[field.name] = this.#checkReference(field, checkFieldValue(field, value));
    }
    return values;
  }

  #checkReference(field: FieldDefinition, value: FieldValue): FieldValue {
    if (field.type !== 'reference' || typeof value !== 'string') return value;
    const target = findObject(field.referenceTo ?? '');
    const row = target && this.find(target, value);
    if (row) return row.Id;
    const message = `${field.name}: id value of incorrect type: ${value}`;
    throw new ApiError(400, 'MALFORMED_ID', message, [field.name]);
  }
}

/** Formula-like fields, kept right whatever wrote the row. */
function derive(object: ObjectDefinition, row: Row): Row {
  if (object.name === 'Contact') {
    return { ...row, Name: [row.FirstName, row.LastName].filter(Boolean).join(' ') };
  }
  if (object.name === 'Opportunity') {
    const stage = String(row.StageName);
    return { ...row, IsClosed: stage.startsWith('Closed'), IsWon: stage === 'Closed Won' };
  }
  return row;
}

function requiredFieldMissing(names: string[]): ApiError {
  const message = `Required fields are missing: [${names.join(', ')}]`;
  return new ApiError(400, 'REQUIRED_FIELD_MISSING', message, names);
}

function notWritable(name: string): ApiError {
  return new ApiError(
    400,
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    [name],
  );
}
