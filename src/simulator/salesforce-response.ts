// How an answer is written: Salesforce's own headers and cookies around it, gzip when the client takes it, files with back-pressure.
// Authority: salesforce-facts.md section 4 (captured responses).

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ApiError } from './data/api-error.ts';
import { escapeXml } from './xml.ts';

export interface Reply {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

const gzipText = promisify(gzip);
const smallestGzipped = 1024;
export const jsonType = 'application/json;charset=UTF-8';
export const xmlType = 'application/xml;charset=UTF-8';

const commonHeaders = {
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-XSS-Protection': '1; mode=block',
  'X-Robots-Tag': 'none',
  'Cache-Control': 'no-cache,must-revalidate,max-age=0,no-store,private',
  Server: 'sfdcedge',
  Vary: 'Accept-Encoding',
  'Set-Cookie': [
    'CookieConsentPolicy=0:1; path=/; expires=Tue, 31-Dec-2030 00:00:00 GMT; Max-Age=31536000; secure',
    'LSKey-c$CookieConsentPolicy=0:1; path=/; expires=Tue, 31-Dec-2030 00:00:00 GMT; Max-Age=31536000; secure',
    'BrowserId=c2ltdWxhdGVk; domain=.salesforce.com; path=/; expires=Tue, 31-Dec-2030 00:00:00 GMT; Max-Age=31536000; secure',
  ],
};

export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers, contentType: jsonType, body: JSON.stringify(value) };
}

export function textReply(status: number, contentType: string, body: string): Reply {
  return { status, contentType, body };
}

/** Errors are an array of JSON objects, or XML where the client asked for XML only. */
export function errorReply(error: ApiError, accept = ''): Reply {
  if (!accept.includes('application/xml') || accept.includes('application/json')) {
    return jsonReply(error.status, [error]);
  }
  const [code, message] = [escapeXml(error.errorCode), escapeXml(error.message)];
  return textReply(
    error.status,
    xmlType,
    `<?xml version="1.0" encoding="UTF-8"?><Errors><Error><errorCode>${code}</errorCode><message>${message}</message></Error></Errors>`,
  );
}

export async function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, headers, body = '' }: Reply,
): Promise<void> {
  if (response.destroyed) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries({ ...commonHeaders, ...headers })) {
    response.setHeader(name, value);
  }
  const requestId = randomUUID().replaceAll('-', '');
  response.setHeader('X-SFDC-Request-Id', requestId);
  response.setHeader('X-Request-Id', requestId);
  if (contentType) response.setHeader('Content-Type', contentType);
  if (body instanceof Readable) await pipeline(body, response);
  else await sendText(request, response, body);
}

async function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  const acceptsGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (acceptsGzip && body.length > smallestGzipped) {
    const compressed = await gzipText(body);
    // As Salesforce does: compressed answers are chunked, without a Content-Length.
    response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Transfer-Encoding', 'chunked');
    const etag = response.getHeader('ETag');
    if (typeof etag === 'string') response.setHeader('ETag', etag.replace(/"$/, '-gzip"'));
    response.end(compressed);
    return;
  }
  const hasNoBody = response.statusCode === 204 || response.statusCode === 304;
  if (!hasNoBody) response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(hasNoBody ? undefined : body);
}
