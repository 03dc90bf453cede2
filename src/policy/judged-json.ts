// Reads the body of a request that has to be judged by its content. Whoever judges must read what Salesforce will
// read: where two parsers could differ (encodings, duplicate keys, letter case) the body is refused.

import { gunzipSync, inflateSync } from 'node:zlib';
import { ProxyError } from '../errors.ts';

/** What a compressed body may grow to: a bomb is refused before it costs more than this. */
export const maxInflatedBytes = 4 * 1024 * 1024;

/** Deeper than any request of Salesforce's, and bounded for whoever walks the value. */
const maxDepth = 64;

const inflaters = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
]);

export interface JudgedBody {
  /** The whole body; `too_large` where it did not fit what the proxy holds. */
  readonly body: Uint8Array | 'too_large';
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
}

export type JsonObject = { readonly [key: string]: unknown };

/** Throws ProxyError `policy_denied`, or `body_too_large`. Undefined where there is no body. */
export function parseJudgedJson(judged: JudgedBody): unknown {
  const { body, contentType, contentEncoding } = judged;
  if (body === 'too_large') throw tooLarge();
  if (body.length === 0) return undefined;
  // Another charset (UTF-7, EBCDIC) makes other JSON of the same bytes; XML cannot be judged.
  const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
  if (contentType !== undefined && !isJson.test(contentType.trim())) {
    throw unreadable('its content-type is not application/json in UTF-8');
  }
  const text = decodeUtf8(decompress(body, contentEncoding));
  const value = parseStrictly(text);
  refuseDuplicateKeys(text);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field that decides. `{"method":"GET","Method":"DELETE"}` is two requests, depending on who reads it. */
export function readField(object: JsonObject, name: string): unknown {
  const spellings = Object.keys(object).filter((key) => key.toLowerCase() === name.toLowerCase());
  if (spellings.length === 0) return undefined;
  if (spellings.length > 1 || spellings[0] !== name) {
    throw unreadable(`"${name}" is spelt in another way, or more than once`);
  }
  return object[name];
}

export function unreadable(why: string, cause?: unknown): ProxyError {
  return new ProxyError('policy_denied', `what it would do cannot be judged: ${why}`, { cause });
}

function tooLarge(): ProxyError {
  return new ProxyError('body_too_large', 'its body has to be judged and is too large to be held');
}

function decompress(body: Uint8Array, contentEncoding: string | undefined): Uint8Array {
  const encoding = contentEncoding?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body;
  const inflate = inflaters.get(encoding);
  if (inflate === undefined) throw unreadable('its content-encoding is not gzip or deflate');
  try {
    return inflate(body, { maxOutputLength: maxInflatedBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge();
    throw unreadable('its body is not what its content-encoding says', cause);
  }
}

/** Fatal, and with the byte order mark kept, which JSON.parse then refuses. UTF-16 fails in one of the two. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable('its body is not UTF-8', cause);
  }
}

function parseStrictly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable('its body is not JSON', cause);
  }
}

/** JSON.parse keeps the last of two equal keys, others the first: seen in the text, which is valid JSON by now. */
function refuseDuplicateKeys(json: string): void {
  const open: Set<string>[] = [];
  for (const token of bracketsAndKeys(json)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else addKey(open.at(-1), token);
    if (open.length > maxDepth) throw unreadable('its body is nested too deeply');
  }
}

function* bracketsAndKeys(json: string): Generator<string> {
  for (let at = 0; at < json.length; at++) {
    const character = json.charAt(at);
    if (character === '"') {
      const end = endOfString(json, at);
      if (isKey(json, end)) yield json.slice(at, end);
      at = end - 1;
    } else if ('{}[]'.includes(character)) yield character;
  }
}

function addKey(keys: Set<string> | undefined, literal: string): void {
  const key: string = JSON.parse(literal);
  if (keys?.has(key)) throw unreadable('its body has the same key twice in one object');
  keys?.add(key);
}

/** The index behind the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isKey(json: string, end: number): boolean {
  let at = end;
  while (' \t\r\n'.includes(json[at] ?? '.')) at++;
  return json[at] === ':';
}
