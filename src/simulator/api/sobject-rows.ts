// /sobjects/**: records one by one, by id or by external id. Authority: REST API Developer Guide, "sObject Rows" and
// "sObject Rows by External ID".

import { createHash } from 'node:crypto';
import { ApiError, notFound } from '../data/api-error.ts';
import type { RecordStore, Row } from '../data/records.ts';
import { findField, findObject, type ObjectDefinition } from '../data/schema.ts';
import { attributesOf } from '../data/soql.ts';
import { resolveFieldPath } from '../data/soql-fields.ts';
import { describeGlobal, describeObject, objectSummary } from './describe.ts';
import {
  type RestCall,
  type RestReply,
  type RestResource,
  requireMethod,
  requireObject,
} from './rest-call.ts';

export function createSObjectRows(records: RecordStore, instanceUrl: () => string): RestResource {
  return (call) => {
    const [, objectName, key, value, ...rest] = call.path;
    if (rest.length > 0) throw notFound();
    if (objectName === undefined) return listObjects(call);
    const object = findObject(objectName);
    if (!object) throw notFound();
    if (key === undefined) return answerObject(records, call, object);
    if (value !== undefined) return answerExternalId(records, call, object, { key, value });
    if (key !== 'describe') return answerRow(records, call, object, key);
    requireMethod(call, 'GET', 'HEAD');
    return { status: 200, json: describeObject(object, call.version, instanceUrl()) };
  };
}

function listObjects(call: RestCall): RestReply {
  requireMethod(call, 'GET', 'HEAD');
  return { status: 200, json: describeGlobal(call.version) };
}

function answerObject(records: RecordStore, call: RestCall, object: ObjectDefinition): RestReply {
  requireMethod(call, 'GET', 'HEAD', 'POST');
  if (call.method === 'POST') {
    return created(call, object, records.create(object, requireObject(call.json)));
  }
  const objectDescribe = objectSummary(object, call.version);
  return { status: 200, json: { objectDescribe, recentItems: [] } };
}

function answerRow(
  records: RecordStore,
  call: RestCall,
  object: ObjectDefinition,
  id: string,
): RestReply {
  requireMethod(call, 'GET', 'HEAD', 'PATCH', 'DELETE');
  if (call.method === 'PATCH') {
    records.update(object, id, requireObject(call.json));
    return { status: 204 };
  }
  if (call.method === 'DELETE') {
    records.delete(object, id);
    return { status: 204 };
  }
  return readRow(records, call, object, records.read(object, id));
}

function answerExternalId(
  records: RecordStore,
  call: RestCall,
  object: ObjectDefinition,
  { key, value }: { key: string; value: string },
): RestReply {
  const field = findField(object, key);
  if (!field?.externalId) {
    throw notFound(`Provided external ID field does not exist or is not accessible: ${key}`);
  }
  requireMethod(call, 'GET', 'HEAD', 'PATCH', 'DELETE');
  if (call.method === 'PATCH') {
    const outcome = records.upsert(object, field, value, requireObject(call.json));
    if (outcome.created) return created(call, object, outcome.id, { created: true });
    // Before v46.0 an upsert that updates has no body.
    if (Number(call.version) < 46) return { status: 204 };
    return { status: 200, json: { id: outcome.id, success: true, errors: [], created: false } };
  }
  const [row, ...others] = records.findByExternalId(object, field, value);
  if (!row) throw notFound();
  if (others.length > 0) return multipleChoices(call, object, [row, ...others]);
  if (call.method === 'DELETE') {
    records.delete(object, row.Id);
    return { status: 204 };
  }
  return readRow(records, call, object, row);
}

function readRow(
  records: RecordStore,
  call: RestCall,
  object: ObjectDefinition,
  row: Row,
): RestReply {
  const names = call.query.get('fields')?.split(',');
  const json: Record<string, unknown> = { attributes: attributesOf(object, row.Id, call.version) };
  for (const name of names ?? [...object.fields.values()].map((field) => field.name)) {
    const { field } = resolveFieldPath(records, object, name.trim());
    json[field.name] = row[field.name];
  }
  json.Id = row.Id;
  if (object.name !== 'Account') return { status: 200, json };
  // Salesforce sends an ETag for accounts only.
  const ETag = `"${createHash('sha1').update(JSON.stringify(json)).digest('base64')}"`;
  const known = String(call.headers['if-none-match'] ?? '').replace('-gzip"', '"');
  return known === ETag
    ? { status: 304, headers: { ETag } }
    : { status: 200, headers: { ETag }, json };
}

function created(call: RestCall, object: ObjectDefinition, id: string, more = {}): RestReply {
  return {
    status: 201,
    headers: { Location: attributesOf(object, id, call.version).url },
    json: { id, success: true, errors: [], ...more },
  };
}

/** External ids that are not unique: the candidates instead of a record. */
function multipleChoices(call: RestCall, object: ObjectDefinition, rows: Row[]): RestReply {
  if (call.method === 'DELETE') {
    throw new ApiError(300, 'MULTIPLE_CHOICES', 'External ID is not unique');
  }
  return { status: 300, json: rows.map(({ Id }) => attributesOf(object, Id, call.version).url) };
}
