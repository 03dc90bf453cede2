// /composite/tree/OBJECT: records with their children, created all or none. Authority: REST API Developer Guide, "sObject Tree".

import { ApiError, notFound } from '../data/api-error.ts';
import type { Fields, RecordStore } from '../data/records.ts';
import { findObject, type ObjectDefinition } from '../data/schema.ts';
import { unknownType } from '../data/soql.ts';
import { type RestResource, requireArray, requireMethod, requireObject } from './rest-call.ts';

interface Created {
  readonly referenceId: string;
  readonly id: string;
}

export function createRecordTree(records: RecordStore): RestResource {
  return (call) => {
    requireMethod(call, 'POST');
    const [, , objectName = ''] = call.path;
    if (!findObject(objectName)) throw notFound();
    const roots = requireArray(requireObject(call.json).records, 'records');
    const before = records.snapshot();
    const results: Created[] = [];
    let referenceId = '';
    try {
      for (const root of roots) plant(requireObject(root), undefined);
    } catch (error) {
      records.restore(before);
      if (!(error instanceof ApiError)) throw error;
      const { errorCode: statusCode, message, fields = [] } = error;
      const failure = { referenceId, errors: [{ statusCode, message, fields }] };
      return { status: 400, json: { hasErrors: true, results: [failure] } };
    }
    return { status: 201, json: { hasErrors: false, results } };

    function plant(node: Fields, parent: { object: ObjectDefinition; id: string } | undefined) {
      const attributes = requireObject(node.attributes);
      const object = findObject(String(attributes.type));
      if (!object) throw unknownType(String(attributes.type));
      referenceId = String(attributes.referenceId ?? '');
      const { fields, children } = splitChildren(node);
      const link = parent ? { [`${parent.object.name}Id`]: parent.id } : {};
      const id = records.create(object, { ...fields, ...link });
      results.push({ referenceId, id });
      for (const child of children) plant(child, { object, id });
    }
  };
}

/** A child relationship is a property whose value has `records`. */
function splitChildren(node: Fields): { fields: Fields; children: Fields[] } {
  const fields: Fields = {};
  const children: Fields[] = [];
  for (const [name, value] of Object.entries(node)) {
    const isNested = name !== 'attributes' && typeof value === 'object' && value !== null;
    if (isNested) {
      children.push(...requireArray(requireObject(value).records, name).map(requireObject));
    } else fields[name] = value;
  }
  return { fields, children };
}
