// The head of an answer: its status line, its headers, and what they say about the body and the connection (RFC 9112). Read
// strictly: whatever two readers could take for different things (two lengths, a folded header) is refused, because the client
// is another reader.
import { areFieldLines } from './http-grammar.ts';

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

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const notHttp = 'it does not begin as an HTTP/1 answer does';

/**
 * @param text without the empty line
 * @throws MalformedAnswer
 */
export function parseAnswerHead(text: string): AnswerHead & { readonly framing: Framing } {
  const lineEnd = text.indexOf('\r\n');
  const match = statusLine.exec(lineEnd === -1 ? text : text.slice(0, lineEnd));
  if (!match) throw new MalformedAnswer(notHttp);
  const rawHeaders = lineEnd === -1 ? [] : parseFields(text.slice(lineEnd));
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
 * @param text a line end before each line, and none after the last
 * @throws MalformedAnswer
 */
export function parseFields(text: string): string[] {
  if (!areFieldLines(text)) throw new MalformedAnswer('it has a header that is none');
  const fields: string[] = [];
  for (let start = 0; start < text.length; ) {
    const colon = text.indexOf(':', start);
    const next = text.indexOf('\r\n', colon);
    const end = next === -1 ? text.length : next;
    fields.push(text.slice(start + '\r\n'.length, colon), trimmed(text, colon + 1, end));
    start = end;
  }
  return fields;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
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
