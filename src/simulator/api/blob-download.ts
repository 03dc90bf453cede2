// /sobjects/ContentVersion/ID/VersionData?size=BYTES: a file of any size, produced as fast as the client takes it.

import { Readable } from 'node:stream';
import { ApiError } from '../data/api-error.ts';
import type { Reply } from '../salesforce-response.ts';
import type { ApiCall } from './api.ts';

const defaultSize = 1024;
const pattern = Buffer.alloc(64 * 1024, 'The quick brown fox jumps over the lazy dog. ');

export function isBlobPath(path: readonly string[]): boolean {
  const [sobjects, object, , field] = path;
  return sobjects === 'sobjects' && object === 'ContentVersion' && field === 'VersionData';
}

export function downloadBlob(call: ApiCall): Reply {
  if (call.method !== 'GET') {
    throw new ApiError(405, 'METHOD_NOT_ALLOWED', 'HTTP Method not allowed. Allowed are GET');
  }
  const size = Number(call.query.get('size') ?? defaultSize);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new ApiError(400, 'INVALID_QUERY_FILTER_OPERATOR', 'size must be a number of bytes');
  }
  return {
    status: 200,
    contentType: 'application/octetstream',
    headers: { 'Content-Length': String(size) },
    body: Readable.from(bytes(size)),
  };
}

function* bytes(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= pattern.length) {
    yield left < pattern.length ? pattern.subarray(0, left) : pattern;
  }
}
