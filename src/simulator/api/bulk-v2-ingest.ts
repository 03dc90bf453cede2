// /jobs/ingest: a job is created, its CSV uploaded, the upload declared complete, and then the rows are applied in the background.
// Authority: Bulk API 2.0 Developer Guide, "Ingest".

import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError, notFound } from '../data/api-error.ts';
import { type CsvDialect, formatCsvRow, parseCsv } from '../data/csv.ts';
import { toSalesforceDateTime } from '../data/field-values.ts';
import { recordId } from '../data/record-id.ts';
import {
  applyOperation,
  fieldsFromText,
  type Operation,
  type OperationTarget,
  operations,
} from '../data/record-operations.ts';
import { findField, findObject } from '../data/schema.ts';
import { unknownType } from '../data/soql.ts';
import type { OrgState } from '../org-state.ts';
import { jsonReply, type Reply, textReply } from '../salesforce-response.ts';
import type { ApiCall } from './api.ts';
import {
  type BulkV2Call,
  type BulkV2Handler,
  invalidJob,
  jobMethodNotAllowed,
} from './bulk-v2-call.ts';
import { parseJson, requireObject } from './rest-call.ts';

const maxUploadBytes = 150 * 1024 * 1024;
const rowsPerTurn = 1000;

const delimiters: Readonly<Record<string, string>> = {
  COMMA: ',',
  SEMICOLON: ';',
  TAB: '\t',
  PIPE: '|',
  CARET: '^',
  BACKQUOTE: '`',
};

type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Aborted' | 'Failed';

interface IngestJob {
  readonly id: string;
  readonly target: OperationTarget;
  readonly dialect: CsvDialect;
  /** What the client is told about the job and does not change. */
  readonly facts: Readonly<Record<string, unknown>>;
  state: JobState;
  upload: string;
  processed: number;
  failed: number;
  successfulResults: string;
  failedResults: string;
}

export function createIngestJobs(org: OrgState): BulkV2Handler {
  const jobs = new Map<string, IngestJob>();
  let created = 0;

  async function answerAll({ call, session, version }: BulkV2Call): Promise<Reply> {
    if (call.method === 'GET') {
      const records = [...jobs.values()].map(describe);
      return jsonReply(200, { done: true, records, nextRecordsUrl: null });
    }
    if (call.method !== 'POST') throw jobMethodNotAllowed(call.method);
    const asked = requireObject(parseJson(await call.body.text()));
    created += 1;
    const id = recordId('750', created);
    const createdDate = toSalesforceDateTime(org.now());
    const job = newJob(id, asked, { version, createdById: session.user.id, createdDate });
    jobs.set(id, job);
    return jsonReply(200, describe(job));
  }

  async function answerJob(call: ApiCall, job: IngestJob): Promise<Reply> {
    switch (call.method) {
      case 'GET':
        return jsonReply(200, describe(job));
      case 'DELETE':
        jobs.delete(job.id);
        return { status: 204 };
      case 'PATCH':
        return changeState(org, job, requireObject(parseJson(await call.body.text())).state);
      default:
        throw jobMethodNotAllowed(call.method);
    }
  }

  return async (bulkCall) => {
    const { call } = bulkCall;
    const [id, part] = bulkCall.path;
    if (id === undefined) return answerAll(bulkCall);
    const job = jobs.get(id);
    if (!job) throw notFound();
    if (part === undefined) return answerJob(call, job);
    return part === 'batches' ? receiveUpload(call, job) : answerResults(call, job, part);
  };
}

function changeState(org: OrgState, job: IngestJob, state: unknown): Reply {
  if (state !== 'UploadComplete' && state !== 'Aborted') {
    throw invalidJob('State must be UploadComplete or Aborted');
  }
  if (job.state !== 'Open') throw invalidJob(`Job is in state ${job.state}`);
  job.state = state;
  if (state === 'UploadComplete') {
    process(org, job).catch(() => {
      job.state = 'Failed';
    });
  }
  return jsonReply(200, describe(job));
}

function answerResults({ method }: ApiCall, job: IngestJob, part: string): Reply {
  if (method !== 'GET') throw jobMethodNotAllowed(method);
  const csv = {
    successfulresults: job.successfulResults,
    failedresults: job.failedResults,
    unprocessedrecords: job.upload,
  }[part.toLowerCase()];
  if (csv === undefined) throw notFound();
  return textReply(200, 'text/csv;charset=UTF-8', csv);
}

function newJob(
  id: string,
  asked: Record<string, unknown>,
  made: { version: string; createdById: string; createdDate: string },
): IngestJob {
  const { columnDelimiter = 'COMMA', lineEnding = 'LF' } = asked;
  const delimiter = delimiters[String(columnDelimiter)];
  if (!delimiter) throw invalidJob(`Unknown columnDelimiter ${columnDelimiter}`);
  const { version, ...stamps } = made;
  return {
    id,
    target: readTarget(asked),
    dialect: { delimiter, lineEnding: lineEnding === 'CRLF' ? '\r\n' : '\n' },
    facts: {
      operation: asked.operation,
      object: asked.object,
      ...stamps,
      systemModstamp: stamps.createdDate,
      ...(asked.externalIdFieldName ? { externalIdFieldName: asked.externalIdFieldName } : {}),
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: Number(version),
      contentUrl: `services/data/v${version}/jobs/ingest/${id}/batches`,
      lineEnding,
      columnDelimiter,
    },
    state: 'Open',
    upload: '',
    processed: 0,
    failed: 0,
    successfulResults: '',
    failedResults: '',
  };
}

function readTarget(asked: Record<string, unknown>): OperationTarget {
  const object = findObject(String(asked.object));
  if (!object) throw unknownType(String(asked.object));
  const operation = asked.operation as Operation;
  if (!operations.includes(operation)) throw invalidJob(`Unknown operation ${asked.operation}`);
  if (operation !== 'upsert') return { object, operation };
  const externalIdField = findField(object, String(asked.externalIdFieldName));
  if (!externalIdField) throw invalidJob('externalIdFieldName is required for upsert');
  return { object, operation, externalIdField };
}

async function receiveUpload({ method, body }: ApiCall, job: IngestJob): Promise<Reply> {
  if (method !== 'PUT') throw jobMethodNotAllowed(method);
  if (job.state !== 'Open' || job.upload !== '') throw invalidJob('Job has its data already');
  const decoder = new TextDecoder();
  let upload = '';
  for await (const chunk of body.chunks()) {
    if (body.length > maxUploadBytes) {
      throw new ApiError(413, 'REQUEST_ENTITY_TOO_LARGE', 'Upload is larger than 150 MB');
    }
    upload += decoder.decode(chunk, { stream: true });
  }
  // Only a body that arrived whole counts.
  job.upload = upload + decoder.decode();
  return { status: 201 };
}

async function process(org: OrgState, job: IngestJob): Promise<void> {
  await nextTurn();
  job.state = 'InProgress';
  const rows = parseCsv(job.upload, job.dialect.delimiter);
  const header: string[] = rows.next().value ?? [];
  job.successfulResults = formatCsvRow(['sf__Id', 'sf__Created', ...header], job.dialect);
  job.failedResults = formatCsvRow(['sf__Id', 'sf__Error', ...header], job.dialect);
  for (const cells of rows) {
    applyRow(org, job, header, cells);
    // Otherwise a large job would hold up every other request.
    if (job.processed % rowsPerTurn === 0) await nextTurn();
  }
  job.upload = '';
  job.state = 'JobComplete';
}

function applyRow(org: OrgState, job: IngestJob, header: string[], cells: string[]): void {
  const texts = Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']));
  const fields = fieldsFromText(job.target.object, texts);
  const outcome = applyOperation(org.records, job.target, fields);
  job.processed += 1;
  if (outcome.success) {
    const row = [outcome.id, outcome.created, ...cells];
    job.successfulResults += formatCsvRow(row, job.dialect);
    return;
  }
  job.failed += 1;
  const { errorCode, message, fields: names = [] } = outcome.error;
  const reason = `${errorCode}:${message}:${names.join(',')}--`;
  job.failedResults += formatCsvRow([texts.Id ?? '', reason, ...cells], job.dialect);
}

function describe({ id, facts, state, processed, failed }: IngestJob): Record<string, unknown> {
  return {
    id,
    ...facts,
    state,
    jobType: 'V2Ingest',
    numberRecordsProcessed: processed,
    numberRecordsFailed: failed,
    retries: 0,
    totalProcessingTime: 0,
  };
}
