// /composite/sobjects: up to 200 records of one or several objects in one request.
// Authority: REST API Developer Guide, "sObject Collections".

import { ApiError, notFound } from '../data/api-error.ts';
import {
  applyOperation,
  type Operation,
  type OperationOutcome,
  type OperationTarget,
} from '../data/record-operations.ts';
import type { Fields, RecordStore } from '../data/records.ts';
import { findField, findObject, type ObjectDefinition, objectDefinitions } from '../data/schema.ts';
import { attributesOf, unknownType } from '../data/soql.ts';
import {
  type RestCall,
  type RestReply,
  type RestResource,
  requireArray,
  requireMethod,
  requireObject,
} from './rest-call.ts';

const maxRecords = 200;

interface Change {
  readonly target: OperationTarget;
  readonly fields: Fields;
}

export function createCollections(records: RecordStore): RestResource {
  return (call) => {
    const [, , objectName, externalIdName] = call.path;
    if (objectName === undefined) return changeAnyObjects(call);
    const object = findObject(objectName);
    if (!object) throw notFound();
    if (externalIdName !== undefined) return upsertAll(call, object, externalIdName);
    return readAll(call, object);
  };

  function changeAnyObjects(call: RestCall): RestReply {
    requireMethod(call, 'POST', 'PATCH', 'DELETE');
    if (call.method === 'DELETE') {
      const ids = splitList(call.query.get('ids'));
      const changes = ids.map((id) => ({ target: deletionOf(id), fields: { Id: id } }));
      return applyAll(changes, call.query.get('allOrNone') === 'true');
    }
    const operation: Operation = call.method === 'POST' ? 'insert' : 'update';
    const body = requireObject(call.json);
    const changes = requireArray(body.records, 'records')
      .map(requireObject)
      .map((fields) => ({ target: { object: objectOf(fields), operation }, fields }));
    return applyAll(changes, body.allOrNone === true);
  }

  function upsertAll(call: RestCall, object: ObjectDefinition, fieldName: string): RestReply {
    requireMethod(call, 'PATCH');
    const field = findField(object, fieldName);
    if (!field?.externalId && field?.type !== 'id') {
      throw notFound(
        `Provided external ID field does not exist or is not accessible: ${fieldName}`,
      );
    }
    const body = requireObject(call.json);
    const target: OperationTarget = { object, operation: 'upsert', externalIdField: field };
    const changes = requireArray(body.records, 'records').map((fields) => ({
      target,
      fields: requireObject(fields),
    }));
    return applyAll(changes, body.allOrNone === true);
  }

  function readAll(call: RestCall, object: ObjectDefinition): RestReply {
    requireMethod(call, 'GET', 'POST');
    const body = call.method === 'POST' ? requireObject(call.json) : {};
    const ids = (body.ids as string[] | undefined) ?? splitList(call.query.get('ids'));
    const names = (body.fields as string[] | undefined) ?? splitList(call.query.get('fields'));
    const json = ids.map((id) => {
      const row = records.find(object, id);
      if (!row) return null;
      const picked = names.map((name) => {
        const field = findField(object, name);
        if (!field) throw new ApiError(400, 'INVALID_FIELD', `No such column '${name}'`);
        return [field.name, row[field.name]];
      });
      const attributes = attributesOf(object, row.Id, call.version);
      return { attributes, ...Object.fromEntries(picked), Id: row.Id };
    });
    return { status: 200, json };
  }

  function applyAll(changes: Change[], allOrNone: boolean): RestReply {
    if (changes.length > maxRecords) {
      const message = `record limit reached. cannot submit more than ${maxRecords} records in one call`;
      throw new ApiError(400, 'EXCEEDED_ID_LIMIT', message);
    }
    const before = allOrNone ? records.snapshot() : undefined;
    const outcomes = changes.map(({ target, fields }) => applyOperation(records, target, fields));
    const failed = outcomes.some(({ success }) => !success);
    if (failed && before) records.restore(before);
    const json = outcomes.map((outcome, i) =>
      failed && before && outcome.success
        ? resultOf({ success: false, error: rolledBack }, changes[i])
        : resultOf(outcome, changes[i]),
    );
    return { status: 200, json };
  }
}

const rolledBack = new ApiError(
  400,
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'Record rolled back because not all records were valid and the request was using AllOrNone header',
);

function resultOf(outcome: OperationOutcome, change: Change | undefined): Record<string, unknown> {
  if (outcome.success) {
    const { id, created } = outcome;
    const isUpsert = change?.target.operation === 'upsert';
    return { id, success: true, errors: [], ...(isUpsert ? { created } : {}) };
  }
  const { errorCode: statusCode, message, fields = [] } = outcome.error;
  return { success: false, errors: [{ statusCode, message, fields }] };
}

function objectOf({ attributes }: Fields): ObjectDefinition {
  const type = String((attributes as { type?: unknown } | undefined)?.type ?? '');
  const object = findObject(type);
  if (!object) throw unknownType(type);
  return object;
}

function deletionOf(id: string): OperationTarget {
  const object = objectDefinitions.find(({ keyPrefix }) => id.startsWith(keyPrefix));
  if (!object) throw new ApiError(400, 'MALFORMED_ID', `malformed id ${id}`);
  return { object, operation: 'delete' };
}

function splitList(list: string | null): string[] {
  return (list ?? '').split(',').filter(Boolean);
}
