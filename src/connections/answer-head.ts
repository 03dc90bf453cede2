// The head of an answer: its status line, its headers, and what they say about the body and the connection (RFC 9112). Read
// strictly: whatever two readers could take for different things (two lengths, a folded header) is refused, because the client
// is another reader.
import { isFieldValue, isToken } from './http-grammar.ts';

/** Of an answer, or of an interim one (RFC 9110 section 15). */
export interface AnswerHead {
  readonly status: number;
  /** latin1, as all that is read here. */
  readonly reason: string;
  /** Flat name-value pairs, in the order and case in which they came. */
  readonly rawHeaders: readonly string[];
}

export interface Framing {
  /** Undefined: it has not said. */
  readonly length: number | undefined;
  readonly isChunked: boolean;
  /** Does the connection outlast the answer, if its body does not need the end of it? */
  readonly isPersistent: boolean;
  /** How long upstream keeps the connection when it is idle; undefined: it has not said. */
  readonly keepAliveMs: number | undefined;
}

/** What came is no answer that could be passed on. */
export class MalformedAnswer extends Error {}

const notHttp = 'it does not begin as an HTTP/1 answer does';

/**
 * @param text without the empty line
 * @throws MalformedAnswer
 */
export function parseAnswerHead(text: string): AnswerHead & { readonly framing: Framing } {
  const lines = text.split('\r\n');
  const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(lines[0] ?? '');
  if (!match) throw new MalformedAnswer(notHttp);
  const rawHeaders = parseFields(lines, 1);
  const framing = readFraming(rawHeaders, match[1] === '1');
  return { status: Number(match[2]), reason: match[3] ?? '', rawHeaders, framing };
}

/** @param text the beginning of a head, however short. @throws MalformedAnswer for that of no HTTP/1 answer */
export function assertMayBeHead(text: string): void {
  const line = text.slice(0, 'HTTP/1.'.length);
  if (!'HTTP/1.'.startsWith(line)) throw new MalformedAnswer(notHttp);
  if (/(?:^|[^\r])\n/.test(text)) throw new MalformedAnswer('a line of its head ends by LF alone');
}

/**
 * Header or trailer lines (RFC 9112 section 5). A line that goes on in the next one is none: that begins with a space.
 * @throws MalformedAnswer
 */
export function parseFields(lines: readonly string[], from: number): string[] {
  const fields: string[] = [];
  for (let i = from; i < lines.length; i += 1) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = trimmed(line, colon + 1);
    if (!isToken(name) || !isFieldValue(value)) {
      throw new MalformedAnswer('it has a header that is none');
    }
    fields.push(name, value);
  }
  return fields;
}

function trimmed(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** RFC 9112 sections 6 and 9.3. */
function readFraming(rawHeaders: readonly string[], isHttp11: boolean): Framing {
  let length: number | undefined;
  let isChunked = false;
  let isPersistent = isHttp11;
  let keepAliveMs: number | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] as string;
    switch (framingName(rawHeaders[i] as string)) {
      case 'content-length':
        if (length !== undefined) throw new MalformedAnswer('it has two lengths');
        length = parseLength(value);
        break;
      case 'transfer-encoding':
        assertChunked(value, isChunked, isHttp11);
        isChunked = true;
        break;
      case 'connection':
        if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) isPersistent = false;
        break;
      case 'keep-alive':
        keepAliveMs = parseKeepAlive(value);
        break;
    }
  }
  if (isChunked && length !== undefined) {
    throw new MalformedAnswer('it has a length beside its transfer encoding');
  }
  return { length, isChunked, isPersistent, keepAliveMs };
}

/** In lower case; any other name is told by its length, as most are, or comes as it is. */
function framingName(name: string): string {
  const { length } = name;
  return length === 10 || length === 14 || length === 17 ? name.toLowerCase() : name;
}

function parseLength(value: string): number {
  // 15 digits: beyond them numbers are not exact.
  if (!/^\d{1,15}$/.test(value)) throw new MalformedAnswer('its length is none');
  return Number(value);
}

/** No other coding was asked for (`TE` is never sent on), and HTTP/1.0 knows none. */
export function assertChunked(value: string, isRepeated: boolean, isHttp11: boolean): void {
  if (isRepeated || !isHttp11 || value.toLowerCase() !== 'chunked') {
    throw new MalformedAnswer('it has a transfer encoding that nobody asked for');
  }
}

/** `timeout=5, max=100` */
function parseKeepAlive(value: string): number | undefined {
  const seconds = /(?:^|[,; \t])timeout=(\d{1,6})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
