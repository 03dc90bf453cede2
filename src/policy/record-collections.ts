// Requests that handle many records at once: what they would be as single requests to `sobjects/{type}`, so that a
// rule about an sObject holds for them too. Authority: REST API Developer Guide, "sObject Tree", "sObject Collections".

import { plausibleMethods } from './http-methods.ts';
import { isJsonObject, type JsonObject, readField, unreadable } from './judged-json.ts';
import type { Carrier, SubRequest } from './listed-requests.ts';
import { parseRequestTarget } from './request-target.ts';

/** Matches every sObject in a deny rule and none in an allow rule, as a composite reference does. */
const unknownType = '@{type}';

/** `composite/tree/{type}`: creates records, and records under them, each of a type of its own. */
export function treeRequests(request: Carrier, rest: readonly string[]): SubRequest[] {
  const types = [...request.bodies.flatMap(typesInRecords), ...rest.slice(0, 1)];
  return onTypes(request, request.bodies.length === 0 ? [] : ['POST'], types);
}

/** `composite/sobjects[/{type}]`: GET, and POST of ids and fields to a type, read; everything else writes. */
export function collectionRequests(request: Carrier, rest: readonly string[]): SubRequest[] {
  const methods = plausibleMethods(request);
  const [type] = rest;
  if (type !== undefined && methods.join() === 'POST' && isRetrieve(request.bodies)) {
    return onTypes(request, ['GET'], [type]);
  }
  const named = request.bodies.flatMap(typesInRecords);
  const types = type === undefined ? named : [type, ...named];
  return onTypes(request, methods, types.length === 0 ? [unknownType] : types);
}

function isRetrieve(bodies: readonly unknown[]): boolean {
  const [body, ...more] = bodies;
  if (!isJsonObject(body) || more.length > 0) return false;
  const keys = Object.keys(body);
  return keys.length === 2 && keys.includes('ids') && keys.includes('fields');
}

function onTypes(
  request: Carrier,
  methods: readonly string[],
  types: readonly string[],
): SubRequest[] {
  const version = request.target.readings[0][2];
  return [...new Set(types)].flatMap((type) => {
    if (type !== unknownType && !/^\w+$/.test(type)) throw unreadable('a record has an odd type');
    const target = parseRequestTarget(`/services/data/${version}/sobjects/${type}`);
    return methods.map((method) => ({ method, target }));
  });
}

/** `records[].attributes.type`, and the same below each record: `records[].Contacts.records[]`. */
function typesInRecords(body: unknown): string[] {
  if (!isJsonObject(body)) throw unreadable('its body is not a JSON object');
  const records = readField(body, 'records') ?? [];
  if (!Array.isArray(records) || !records.every(isJsonObject)) {
    throw unreadable('"records" is not a list of objects');
  }
  return records.flatMap((record) => [typeOf(record), ...typesBelow(record)]);
}

function typesBelow(record: JsonObject): string[] {
  return Object.values(record).filter(isJsonObject).flatMap(typesInRecords);
}

function typeOf(record: JsonObject): string {
  const attributes = readField(record, 'attributes');
  const type = isJsonObject(attributes) ? readField(attributes, 'type') : undefined;
  return typeof type === 'string' ? type : unknownType;
}
