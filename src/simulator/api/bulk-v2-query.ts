// /jobs/query: a query whose result is fetched as CSV in pages. `Sforce-Locator` names the next page, and is the word "null" at the end.
// Authority: Bulk API 2.0 Developer Guide, "Query".

import { notFound } from '../data/api-error.ts';
import { commaAndLf, formatCsvRow } from '../data/csv.ts';
import { type FieldValue, toSalesforceDateTime } from '../data/field-values.ts';
import { recordId } from '../data/record-id.ts';
import { columnName, runSoql, type SoqlResult } from '../data/soql.ts';
import type { FieldPath } from '../data/soql-fields.ts';
import type { OrgState } from '../org-state.ts';
import { jsonReply, type Reply } from '../salesforce-response.ts';
import type { ApiCall } from './api.ts';
import {
  type BulkV2Call,
  type BulkV2Handler,
  invalidJob,
  jobMethodNotAllowed,
} from './bulk-v2-call.ts';
import { parseJson, requireObject } from './rest-call.ts';

const defaultPageSize = 50_000;

interface QueryJob {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly result: SoqlResult;
  state: 'JobComplete' | 'Aborted';
}

export function createQueryJobs(org: OrgState): BulkV2Handler {
  const jobs = new Map<string, QueryJob>();
  let created = 0;

  async function answerAll({ call, session, version }: BulkV2Call): Promise<Reply> {
    if (call.method === 'GET') {
      const records = [...jobs.values()].map(describe);
      return jsonReply(200, { done: true, records, nextRecordsUrl: null });
    }
    if (call.method !== 'POST') throw jobMethodNotAllowed(call.method);
    const { operation, query } = requireObject(parseJson(await call.body.text()));
    if (operation !== 'query' && operation !== 'queryAll') {
      throw invalidJob(`Unknown operation ${operation}`);
    }
    const withDeleted = operation === 'queryAll';
    const result = runSoql(org.records, String(query), { withDeleted, nowMs: org.now() });
    created += 1;
    const createdDate = toSalesforceDateTime(org.now());
    const facts = {
      id: recordId('750', 1_000_000 + created),
      operation,
      object: result.object.name,
      createdById: session.user.id,
      createdDate,
      systemModstamp: createdDate,
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: Number(version),
      lineEnding: 'LF',
      columnDelimiter: 'COMMA',
    };
    jobs.set(facts.id, { facts, result, state: 'JobComplete' });
    return jsonReply(200, { ...facts, state: 'UploadComplete' });
  }

  async function answerJob(call: ApiCall, id: string, job: QueryJob): Promise<Reply> {
    if (call.method === 'DELETE') {
      jobs.delete(id);
      return { status: 204 };
    }
    if (call.method === 'PATCH') {
      const { state } = requireObject(parseJson(await call.body.text()));
      if (state !== 'Aborted') throw invalidJob('State must be Aborted');
      job.state = state;
    } else if (call.method !== 'GET') throw jobMethodNotAllowed(call.method);
    return jsonReply(200, describe(job));
  }

  return async (bulkCall) => {
    const [id, part] = bulkCall.path;
    if (id === undefined) return answerAll(bulkCall);
    const job = jobs.get(id);
    if (!job) throw notFound();
    if (part === undefined) return answerJob(bulkCall.call, id, job);
    if (part === 'results') return resultPage(bulkCall.call, job.result);
    throw notFound();
  };
}

function describe({ facts, state, result }: QueryJob): Record<string, unknown> {
  return {
    ...facts,
    state,
    jobType: 'V2Query',
    numberRecordsProcessed: result.rows.length,
    retries: 0,
    totalProcessingTime: 0,
  };
}

function resultPage({ method, query }: ApiCall, { rows, columns }: SoqlResult): Reply {
  if (method !== 'GET') throw jobMethodNotAllowed(method);
  const from = readLocator(query.get('locator'));
  const end = Math.min(rows.length, from + Number(query.get('maxRecords') ?? defaultPageSize));
  const lines = rows.slice(from, end).map((row) =>
    formatCsvRow(
      columns.map((column) => csvValue(column, column.read(row))),
      commaAndLf,
    ),
  );
  return {
    status: 200,
    contentType: 'text/csv;charset=UTF-8',
    headers: {
      'Sforce-Locator': end < rows.length ? makeLocator(end) : 'null',
      'Sforce-NumberOfRecords': String(end - from),
    },
    body: formatCsvRow(columns.map(columnName), commaAndLf) + lines.join(''),
  };
}

/** In CSV, Bulk API 2.0 writes the zone of a date-time as `Z`. */
function csvValue({ field }: FieldPath, value: FieldValue): FieldValue {
  return field.type === 'datetime' && value ? String(value).replace('+0000', 'Z') : value;
}

function makeLocator(from: number): string {
  return Buffer.from(`row ${from}`).toString('base64url');
}

function readLocator(locator: string | null): number {
  if (locator === null) return 0;
  const [, from] = /^row (\d+)$/.exec(Buffer.from(locator, 'base64url').toString()) ?? [];
  if (from === undefined) throw invalidJob('Invalid locator');
  return Number(from);
}
