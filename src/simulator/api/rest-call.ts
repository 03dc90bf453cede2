// One REST request below `/services/data/vXX.0/`, whether it came over the wire or as a sub-request of composite.
// Its resources answer synchronously, which is what makes a composite transaction safe to roll back.

import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../data/api-error.ts';
import type { User } from '../login/directory.ts';

export interface RestCall {
  readonly method: string;
  readonly version: string;
  /** Path segments after the version, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly json: unknown;
  readonly user: User;
}

export interface RestReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export type RestResource = (call: RestCall) => RestReply;

export function requireMethod({ method }: RestCall, ...allowed: string[]): void {
  if (allowed.includes(method)) return;
  throw new ApiError(
    405,
    'METHOD_NOT_ALLOWED',
    `HTTP Method '${method}' not allowed. Allowed are ${allowed.join(',')}`,
  );
}

export function requireObject(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw jsonParserError('The HTTP entity body is required, but this request has no entity body.');
}

export function requireArray(json: unknown, name: string): unknown[] {
  if (Array.isArray(json)) return json;
  throw jsonParserError(`Required field is missing: ${name}`);
}

export function jsonParserError(message: string): ApiError {
  return new ApiError(400, 'JSON_PARSER_ERROR', message);
}

export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw jsonParserError(error instanceof Error ? error.message : 'Unexpected character');
  }
}
