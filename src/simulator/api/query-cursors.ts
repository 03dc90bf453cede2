// /query and /queryAll: the first batch of a result, and the cursor that `nextRecordsUrl` names for the rest.
// Authority: REST API Developer Guide, "Query"; Sforce-Query-Options: batchSize is 200 to 2000.

import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, notFound } from '../data/api-error.ts';
import { recordId } from '../data/record-id.ts';
import type { RecordStore } from '../data/records.ts';
import { runSoql, type SoqlResult, toSObject } from '../data/soql.ts';
import { type RestCall, type RestReply, type RestResource, requireMethod } from './rest-call.ts';

/** Salesforce closes a user's oldest cursors as well. */
const maxCursors = 1000;

export function createQuery(records: RecordStore, now: () => number): RestResource {
  const cursors = new Map<string, SoqlResult>();
  let opened = 0;

  function open(result: SoqlResult): string {
    opened += 1;
    const id = recordId('01g', opened);
    cursors.set(id, result);
    const [oldest] = cursors.keys();
    if (cursors.size > maxCursors && oldest) cursors.delete(oldest);
    return id;
  }

  function start(call: RestCall): RestReply {
    const soql = call.query.get('q');
    if (!soql) {
      throw new ApiError(400, 'MALFORMED_QUERY', 'SOQL statements can not be empty or null');
    }
    const withDeleted = call.path[0]?.toLowerCase() === 'queryall';
    const result = runSoql(records, soql, { withDeleted, nowMs: now() });
    if (result.countOnly) {
      return { status: 200, json: { totalSize: result.rows.length, done: true, records: [] } };
    }
    const size = batchSize(call.headers);
    return page(call, result, { from: 0, size }, result.rows.length > size ? open(result) : '');
  }

  return (call) => {
    requireMethod(call, 'GET', 'HEAD');
    const [, locator] = call.path;
    if (locator === undefined) return start(call);
    const [, cursorId = '', from] = /^(\w+)-(\d+)$/.exec(locator) ?? [];
    const result = cursors.get(cursorId);
    if (!result) throw invalidLocator();
    return page(call, result, { from: Number(from), size: batchSize(call.headers) }, cursorId);
  };
}

function page(
  call: RestCall,
  result: SoqlResult,
  { from, size }: { from: number; size: number },
  cursorId: string,
): RestReply {
  const totalSize = result.rows.length;
  if (from > totalSize) throw notFound();
  const end = from + size;
  const records = result.rows.slice(from, end).map((row) => toSObject(result, row, call.version));
  if (end >= totalSize) return { status: 200, json: { totalSize, done: true, records } };
  const nextRecordsUrl = `/services/data/v${call.version}/query/${cursorId}-${end}`;
  return { status: 200, json: { totalSize, done: false, nextRecordsUrl, records } };
}

function batchSize(headers: IncomingHttpHeaders): number {
  const [, asked] = /batchSize\s*=\s*(\d+)/i.exec(String(headers['sforce-query-options'])) ?? [];
  return Math.min(2000, Math.max(200, Number(asked ?? 2000)));
}

function invalidLocator(): ApiError {
  return new ApiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
}
