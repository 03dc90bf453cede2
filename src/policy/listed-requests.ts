// The sub-requests that a composite, graph or batch body lists, each with its method, url and own body.
// Authority: REST API Developer Guide, "Composite", "Composite Graph", "Composite Batch"; Connect REST API, "Batch".

import { knownMethods } from '../config/policy-rule.ts';
import { isMethodOverride } from './http-methods.ts';
import { isJsonObject, type JsonObject, readField, unreadable } from './judged-json.ts';
import { decodePercentOnce } from './percent-decoding.ts';
import { parseRequestTarget, type RequestTarget } from './request-target.ts';

export interface SubRequest {
  readonly method: string;
  readonly target: RequestTarget;
  /** Further methods that something in it names; see `isMethodOverride`. */
  readonly methodOverrides?: readonly string[] | undefined;
}

/** A request together with the parsed JSON that it carries: usually one value. */
export interface Carrier extends SubRequest {
  readonly bodies: readonly unknown[];
}

/** Salesforce allows 25 in a composite request or a batch, and 500 in a graph. Judging each one costs time. */
export const maxSubRequests = 1_000;

/** As long as Salesforce takes a URI. */
const maxUrlLength = 16_384;

/**
 * All requests in a body, wherever one of the composite resources would look for them: the path does not decide, so
 * that nothing depends on reading it as Salesforce does. Throws ProxyError where there is none or one is unclear.
 */
export function readListedRequests(body: unknown): Carrier[] {
  if (!isJsonObject(body)) throw unreadable('its body is not a JSON object');
  const graphs = readList(body, 'graphs');
  const listed = [
    ...readList(body, 'compositeRequest'),
    ...readList(body, 'batchRequests'),
    ...graphs.flatMap((graph) => readList(graph, 'compositeRequest')),
  ];
  if (listed.length === 0) throw unreadable('its body lists no sub-requests');
  if (listed.length > maxSubRequests) throw unreadable('it has too many sub-requests');
  return listed.map(readListedRequest);
}

function readList(object: JsonObject, name: string): JsonObject[] {
  const list = readField(object, name) ?? [];
  if (!Array.isArray(list) || !list.every(isJsonObject)) {
    throw unreadable(`"${name}" is not a list of objects`);
  }
  return list;
}

function readListedRequest(listed: JsonObject): Carrier {
  const method = readField(listed, 'method');
  const url = readField(listed, 'url');
  if (typeof method !== 'string' || typeof url !== 'string') {
    throw unreadable('a sub-request lacks "method" or "url"');
  }
  if (!knownMethods.includes(method.toUpperCase())) {
    throw unreadable('a sub-request has an unknown method');
  }
  const bodies = [readField(listed, 'body'), readField(listed, 'richInput')];
  return {
    method,
    ...parseUrl(url),
    methodOverrides: [...overridesInHeaders(listed), ...overridesInReferences(url)],
    bodies: bodies.filter((body) => body !== undefined && body !== null),
  };
}

/**
 * The path is judged as it stands, and only where its version is in the place where rules look for it: read as relative
 * to something else, `tooling/executeAnonymous` would be another request. The query may hold raw spaces, as many do.
 */
function parseUrl(url: string): { target: RequestTarget } {
  if (url.length > maxUrlLength) throw unreadable('the url of a sub-request is too long');
  const [path, query] = splitQuery(url);
  const [, fromVersion] = /^(?:\/services\/data\/|\/)?(v\d+\.\d+(?:\/.*)?)$/s.exec(path) ?? [];
  if (fromVersion === undefined) {
    throw unreadable('the url of a sub-request does not start with /services/data/vNN.N/');
  }
  if (hasOpenReference(path)) {
    throw unreadable('the url of a sub-request holds a reference that is not a plain @{name.id}');
  }
  const encoded = query === undefined ? '' : `?${encodeRaw(query)}`;
  return { target: parseRequestTarget(`/services/data/${fromVersion}${encoded}`) };
}

function splitQuery(url: string): [path: string, query: string | undefined] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, undefined] : [url.slice(0, mark), url.slice(mark + 1)];
}

function encodeRaw(query: string): string {
  return query.toWellFormed().replace(/[^\x21-\x7e]|#/gu, encodeURIComponent);
}

/**
 * `@{name.id}` is replaced by the id in the answer to an earlier sub-request, which stays within its segment. Anything
 * else is text that the client may have chosen (`SELECT Name x` gives any field any content): it may bring slashes,
 * `..` and `?_HttpMethod=DELETE` into the url after it was judged.
 */
function hasOpenReference(text: string): boolean {
  const rest = text.replace(/@\{\w+\.[Ii]d\}/g, '');
  const once = decodePercentOnce(rest);
  return [rest, once, decodePercentOnce(once)].some((reading) => reading.includes('@{'));
}

/** In a query such text cannot change the path, but it may add `&_HttpMethod=`: no method is certain. */
function overridesInReferences(url: string): string[] {
  const [, query] = splitQuery(url);
  return query !== undefined && hasOpenReference(query) ? ['unknown'] : [];
}

function overridesInHeaders(listed: JsonObject): string[] {
  const headers = readField(listed, 'httpHeaders') ?? {};
  if (!isJsonObject(headers)) throw unreadable('"httpHeaders" is not an object');
  return Object.entries(headers)
    .filter(([name]) => isMethodOverride(name))
    .map(([, value]) => String(value));
}
