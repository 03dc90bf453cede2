// /services/async/XX.0: Bulk API 1.0, as far as its clients need it: jobs, batches in CSV, JSON or XML, and their results.
// Its session is in X-SFDC-Session and nowhere else; its errors are HTTP 400, in XML or, for a JSON request, in JSON.
// Authority: Bulk API Developer Guide; salesforce-facts.md section 2.

import { ApiError, notFound } from '../data/api-error.ts';
import { toSalesforceDateTime } from '../data/field-values.ts';
import { recordId } from '../data/record-id.ts';
import type { OrgState } from '../org-state.ts';
import { jsonReply, type Reply, textReply, xmlType } from '../salesforce-response.ts';
import { escapeXml, readTextChildren } from '../xml.ts';
import type { Api, ApiCall } from './api.ts';
import { parseVersion } from './api-version.ts';
import { type BatchOutput, type BulkV1JobSettings, runBatch } from './bulk-v1-batch.ts';
import { parseJson, requireObject } from './rest-call.ts';

const namespace = 'http://www.force.com/2009/06/asyncapi/dataload';

interface Job {
  readonly id: string;
  readonly settings: BulkV1JobSettings;
  readonly info: Record<string, unknown>;
  readonly batches: Map<string, Batch>;
}

interface Batch {
  readonly info: Record<string, unknown>;
  readonly output: BatchOutput;
}

export function createBulkV1(org: OrgState): Api {
  const jobs = new Map<string, Job>();
  let serial = 0;
  const nextId = (prefix: string) => {
    serial += 1;
    return recordId(prefix, serial);
  };

  async function createJob(call: ApiCall, userId: string): Promise<Reply> {
    const asked = await readInfo(call);
    const stamp = toSalesforceDateTime(org.now());
    const id = nextId('750');
    const settings: BulkV1JobSettings = {
      objectName: asked.object ?? '',
      operation: asked.operation ?? '',
      contentType: asked.contentType ?? 'XML',
      ...(asked.externalIdFieldName ? { externalIdName: asked.externalIdFieldName } : {}),
    };
    const info = {
      id,
      operation: settings.operation,
      object: settings.objectName,
      createdById: userId,
      createdDate: stamp,
      systemModstamp: stamp,
      state: 'Open',
      concurrencyMode: 'Parallel',
      contentType: settings.contentType,
      apiVersion: Number.parseFloat(call.path[2] ?? '67'),
    };
    jobs.set(id, { id, settings, info, batches: new Map() });
    return infoReply(call, 'jobInfo', info, 201);
  }

  async function addBatch(call: ApiCall, job: Job): Promise<Reply> {
    const id = nextId('751');
    const output = runBatch(org, job.settings, await call.body.text());
    const info = {
      id,
      jobId: job.id,
      state: 'Completed',
      createdDate: toSalesforceDateTime(org.now()),
      numberRecordsProcessed: output.processed,
      numberRecordsFailed: output.failed,
    };
    job.batches.set(id, { info, output });
    return infoReply(call, 'batchInfo', { ...info, state: 'Queued' }, 201);
  }

  async function answerJob(call: ApiCall, job: Job): Promise<Reply> {
    if (call.method === 'POST') {
      const { state } = await readInfo(call);
      if (state !== 'Closed' && state !== 'Aborted') throw invalidJob('Unknown state');
      job.info.state = state;
    }
    return infoReply(call, 'jobInfo', job.info);
  }

  function listBatches(call: ApiCall, job: Job): Reply {
    const all = [...job.batches.values()].map(({ info }) => info);
    if (isJson(call)) return jsonReply(200, { batchInfo: all });
    const items = all.map((info) => `<batchInfo>${toXml(info)}</batchInfo>`);
    return xmlReply(`<batchInfoList xmlns="${namespace}">${items.join('')}</batchInfoList>`);
  }

  function answerResult(call: ApiCall, { output }: Batch, resultId: string | undefined): Reply {
    if (resultId !== undefined || !output.isQuery) {
      return textReply(200, `${output.contentType};charset=UTF-8`, output.body);
    }
    // A query batch has a list of results; here always exactly one.
    const id = recordId('752', 1);
    if (isJson(call)) return jsonReply(200, [id]);
    return xmlReply(`<result-list xmlns="${namespace}"><result>${id}</result></result-list>`);
  }

  async function answer(call: ApiCall, userId: string): Promise<Reply> {
    const [, , version = '', resource, jobId, part, ...rest] = call.path;
    parseVersion(version);
    if (resource !== 'job') throw notFound();
    if (jobId === undefined) return createJob(call, userId);
    const job = jobs.get(jobId);
    if (!job) throw invalidJob(`Unable to find object: ${jobId}`);
    if (part === undefined) return answerJob(call, job);
    if (part !== 'batch') throw notFound();
    return rest.length > 0 ? answerBatch(call, job, rest) : answerBatches(call, job);
  }

  async function answerBatches(call: ApiCall, job: Job): Promise<Reply> {
    return call.method === 'POST' ? addBatch(call, job) : listBatches(call, job);
  }

  function answerBatch(call: ApiCall, job: Job, [batchId = '', result, resultId]: string[]): Reply {
    const batch = job.batches.get(batchId);
    if (!batch) throw new ApiError(400, 'InvalidBatch', `Unable to find batch: ${batchId}`);
    if (result === undefined) return infoReply(call, 'batchInfo', batch.info);
    return answerResult(call, batch, resultId);
  }

  const invalidSession = new ApiError(400, 'InvalidSessionId', 'Invalid session id');
  return {
    readToken: ({ headers }) => {
      const token = headers['x-sfdc-session'];
      return typeof token === 'string' && token !== '' ? token : undefined;
    },
    missingToken: (call) => errorReply(call, invalidSession),
    deadSession: (call) => errorReply(call, invalidSession),
    handle: async (call, session) => {
      try {
        return await answer(call, session.user.id);
      } catch (error) {
        if (error instanceof ApiError) return errorReply(call, error);
        throw error;
      }
    },
  };
}

function isJson({ headers }: ApiCall): boolean {
  const { 'content-type': type = '', accept = '' } = headers;
  return type.includes('json') || (type === '' && accept.includes('json'));
}

async function readInfo(call: ApiCall): Promise<Record<string, string>> {
  const text = await call.body.text();
  if (!isJson(call)) return readTextChildren(text);
  const entries = Object.entries(requireObject(parseJson(text)));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function infoReply(
  call: ApiCall,
  name: string,
  info: Record<string, unknown>,
  status = 200,
): Reply {
  if (isJson(call)) return jsonReply(status, info);
  return { ...xmlReply(`<${name} xmlns="${namespace}">${toXml(info)}</${name}>`), status };
}

function errorReply(call: ApiCall, { status, errorCode, message }: ApiError): Reply {
  if (isJson(call)) {
    return jsonReply(status, { exceptionCode: errorCode, exceptionMessage: message });
  }
  const inner = toXml({ exceptionCode: errorCode, exceptionMessage: message });
  return { ...xmlReply(`<error xmlns="${namespace}">${inner}</error>`), status };
}

function toXml(values: Record<string, unknown>): string {
  const parts = Object.entries(values).map(
    ([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`,
  );
  return parts.join('');
}

function xmlReply(root: string): Reply {
  return textReply(200, xmlType, `<?xml version="1.0" encoding="UTF-8"?>${root}`);
}

function invalidJob(message: string): ApiError {
  return new ApiError(400, 'InvalidJob', message);
}
