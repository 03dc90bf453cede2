// /composite, /composite/batch and /composite/graph: several REST requests in one, each answered by the ordinary resources.
// Authority: REST API Developer Guide, "Composite", "Batch" and "Graph".

import { ApiError, notFound } from '../data/api-error.ts';
import type { RecordStore } from '../data/records.ts';
import { parseVersion } from './api-version.ts';
import {
  type RestCall,
  type RestReply,
  type RestResource,
  requireArray,
  requireMethod,
  requireObject,
} from './rest-call.ts';

const maxSubRequests = 25;
const maxGraphRequests = 500;
const rolledBack = new ApiError(
  400,
  'PROCESSING_HALTED',
  'The transaction was rolled back since another operation in the same transaction failed.',
);

export function createComposite(records: RecordStore, answer: RestResource): RestResource {
  return (call) => {
    requireMethod(call, 'POST');
    const body = requireObject(call.json);
    const [, kind] = call.path;
    if (kind === undefined) {
      const json = runComposite(call, body, maxSubRequests).json;
      return { status: 200, json };
    }
    if (kind === 'batch') return runBatch(call, body);
    if (kind === 'graph') return runGraphs(call, body);
    throw notFound();
  };

  function runComposite(call: RestCall, body: Record<string, unknown>, limit: number) {
    const requests = requireArray(body.compositeRequest, 'compositeRequest').map(requireObject);
    requireAtMost(requests.length, limit);
    const before = body.allOrNone === true ? records.snapshot() : undefined;
    const results = new Map<string, unknown>();
    const replies = requests.map((request) => {
      const reply = answerSubRequest(call, () => ({
        method: String(request.method),
        target: String(resolveReferences(request.url, results)),
        json: resolveReferences(request.body, results),
        headers: request.httpHeaders,
      }));
      if (reply.status < 400) results.set(String(request.referenceId), reply.json);
      return reply;
    });
    const failed = replies.some((reply) => reply.status >= 400);
    if (failed && before) records.restore(before);
    const compositeResponse = replies.map((reply, i) => {
      const isUndone = failed && before !== undefined && reply.status < 400;
      const { referenceId = null } = requests[i] ?? {};
      return { ...subResponse(isUndone ? undone : reply), referenceId };
    });
    return { failed, json: { compositeResponse } };
  }

  function runGraphs(call: RestCall, body: Record<string, unknown>): RestReply {
    const graphs = requireArray(body.graphs, 'graphs').map(requireObject);
    const results = graphs.map((graph) => {
      const allOrNone = { ...graph, allOrNone: true };
      const { failed, json } = runComposite(call, allOrNone, maxGraphRequests);
      return { graphId: graph.graphId, graphResponse: json, isSuccessful: !failed };
    });
    return { status: 200, json: { graphs: results } };
  }

  function runBatch(call: RestCall, body: Record<string, unknown>): RestReply {
    const requests = requireArray(body.batchRequests, 'batchRequests').map(requireObject);
    requireAtMost(requests.length, maxSubRequests);
    let halted = false;
    const results = requests.map(({ method, url, richInput }) => {
      if (halted) return { statusCode: 412, result: [batchHalted] };
      const target = `/services/data/${String(url).replace(/^\/(services\/data\/)?/, '')}`;
      const sub = { method: String(method), target, json: richInput, headers: undefined };
      const { status, json } = answerSubRequest(call, () => sub);
      halted = body.haltOnError === true && status >= 400;
      return { statusCode: status, result: json ?? null };
    });
    const hasErrors = results.some(({ statusCode }) => statusCode >= 400);
    return { status: 200, json: { hasErrors, results } };
  }

  function answerSubRequest(outer: RestCall, describe: () => SubRequest): RestReply {
    try {
      const { method, target, json, headers } = describe();
      const { pathname, searchParams } = splitTarget(target);
      const [services, data, version = '', ...path] = pathname;
      if (services !== 'services' || data !== 'data') throw notFound();
      const own = Object.entries((headers ?? {}) as Record<string, unknown>);
      const lowerCased = own.map(([name, value]) => [name.toLowerCase(), String(value)]);
      return answer({
        method: method.toUpperCase(),
        version: parseVersion(version),
        path,
        query: searchParams,
        headers: Object.fromEntries(lowerCased),
        json,
        user: outer.user,
      });
    } catch (error) {
      if (error instanceof ApiError) return { status: error.status, json: [error] };
      throw error;
    }
  }
}

const undone: RestReply = { status: rolledBack.status, json: [rolledBack] };

function subResponse({ status, headers = {}, json = null }: RestReply) {
  return { body: json, httpHeaders: headers, httpStatusCode: status };
}

interface SubRequest {
  readonly method: string;
  readonly target: string;
  readonly json: unknown;
  readonly headers: unknown;
}

const batchHalted = new ApiError(
  412,
  'BATCH_PROCESSING_HALTED',
  'Batch processing halted per request',
);

function requireAtMost(count: number, limit: number): void {
  if (count <= limit) return;
  const message = `The request exceeds the maximum of ${limit} sub-requests`;
  throw new ApiError(400, 'LIMIT_EXCEEDED', message);
}

function splitTarget(target: string): { pathname: string[]; searchParams: URLSearchParams } {
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  try {
    const pathname = path.split('/').filter(Boolean).map(decodeURIComponent);
    return { pathname, searchParams: new URLSearchParams(query) };
  } catch {
    throw notFound();
  }
}

/** `@{refAccount.id}` in any string below, replaced by what the named sub-request answered. */
function resolveReferences(value: unknown, results: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string') {
    return value.replace(/@\{(\w+)\.([^}]+)\}/g, (_, reference: string, path: string) =>
      String(lookUp(results.get(reference), path, reference)),
    );
  }
  if (Array.isArray(value)) return value.map((one) => resolveReferences(one, results));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, resolveReferences(one, results)]),
  );
}

function lookUp(result: unknown, path: string, reference: string): unknown {
  let value = result;
  for (const key of path.split(/[.[\]]+/).filter(Boolean)) {
    value = (value as Record<string, unknown> | null | undefined)?.[key];
  }
  if (value !== undefined) return value;
  throw new ApiError(
    400,
    'PROCESSING_HALTED',
    `Invalid reference specified. No value for ${reference}.${path} found in ${reference}`,
  );
}
