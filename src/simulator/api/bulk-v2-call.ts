// What the two halves of Bulk API 2.0, ingest and query, have in common: how they are called and how they refuse.

import { ApiError } from '../data/api-error.ts';
import type { Session } from '../login/sessions.ts';
import type { Reply } from '../salesforce-response.ts';
import type { ApiCall } from './api.ts';

export interface BulkV2Call {
  readonly call: ApiCall;
  readonly session: Session;
  readonly version: string;
  /** Path segments after `/jobs/ingest` or `/jobs/query`. */
  readonly path: readonly string[];
}

export type BulkV2Handler = (bulkCall: BulkV2Call) => Promise<Reply>;

export function jobMethodNotAllowed(method: string): ApiError {
  return new ApiError(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed.`);
}

export function invalidJob(message: string): ApiError {
  return new ApiError(400, 'INVALIDJOB', message);
}
