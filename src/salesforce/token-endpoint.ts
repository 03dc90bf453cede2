// One exchange at the token endpoint: what is sent (RFC 7523 section 2.1) and how the reply reads. Judging a reply is pure;
// what Salesforce really answers stands in salesforce-facts, section 1.
import { type Agent, type IncomingMessage, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { Secret } from '../config/secret.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const maxReplyBytes = 64 * 1024;

export type TokenReply =
  | { readonly kind: 'granted'; readonly accessToken: Secret; readonly instanceUrl: string }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly error: string;
      readonly description: string;
      /** The endpoint's own clock, where it sent one. */
      readonly dateMs: number | undefined;
    }
  /** No OAuth answer at all: worth another try. */
  | { readonly kind: 'unusable'; readonly why: string };

export interface TokenRequest {
  readonly tokenUrl: string;
  readonly assertion: Secret;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** Sends the assertion in the body, never in the URL, where logs would keep it. Network failures reject. */
export async function sendTokenRequest(request: TokenRequest): Promise<TokenReply> {
  const url = new URL(request.tokenUrl);
  const { assertion, agent, signal } = request;
  const body = new URLSearchParams({ grant_type: grantType, assertion: assertion.reveal() });
  const reply = await send(url, body.toString(), { agent, signal });
  const date = Date.parse(reply.headers.date ?? '');
  return readTokenReply({
    status: reply.statusCode ?? 0,
    body: await readBounded(reply),
    dateMs: Number.isNaN(date) ? undefined : date,
  });
}

function send(
  url: URL,
  body: string,
  over: Pick<TokenRequest, 'agent' | 'signal'>,
): Promise<IncomingMessage> {
  const request = url.protocol === 'http:' ? requestByHttp : requestByHttps;
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers, ...over }, resolve)
      .on('error', reject)
      .end(body);
  });
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxReplyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxReplyBytes).toString('utf8');
}

export function readTokenReply(reply: {
  status: number;
  body: string;
  dateMs: number | undefined;
}): TokenReply {
  const { status, body } = reply;
  const fields = parseObject(body);
  if (!fields && /^\s*</.test(body)) {
    return { kind: 'unusable', why: `it answered ${status} with a page instead of JSON` };
  }
  if (status === 200) return readGrant(fields);
  const error = isText(fields?.error) ? fields.error : `HTTP ${status}`;
  const isRefusal = status >= 400 && status < 500 && status !== 420 && status !== 429;
  if (!isRefusal) {
    return { kind: 'unusable', why: `it answered ${status} (${error})` };
  }
  const description = fields?.error_description;
  return {
    kind: 'refused',
    status,
    error,
    description: isText(description) ? description : '',
    dateMs: reply.dateMs,
  };
}

function readGrant(fields: Record<string, unknown> | undefined): TokenReply {
  if (!fields) return { kind: 'unusable', why: 'it answered 200 without JSON' };
  const { access_token: accessToken, instance_url: instanceUrl } = fields;
  // A token travels in a header: white space or a line break in it would be somebody else's header.
  if (!isText(accessToken) || !/^[\x21-\x7e]+$/.test(accessToken)) {
    return { kind: 'unusable', why: 'it answered 200 without a usable access_token' };
  }
  if (!isText(instanceUrl)) {
    return { kind: 'unusable', why: 'it answered 200 without instance_url' };
  }
  return { kind: 'granted', accessToken: new Secret(accessToken), instanceUrl };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
