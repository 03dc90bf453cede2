// Reads answers from the bytes of a connection, as RFC 9112 has them. It reads strictly: whatever two readers could take for
// different things (a bare line feed, two lengths, a folded header) is refused, because the client is another reader.
import {
  type AnswerHead,
  assertMayBeHead,
  type Framing,
  MalformedAnswer,
  parseAnswerHead,
  parseFields,
} from './answer-head.ts';

export interface AnswerListener {
  /** An interim answer (1xx). */
  onInformation(head: AnswerHead): void;
  onHead(head: AnswerHead): void;
  /** A part of the body, which the listener may keep. */
  onBody(bytes: Buffer): void;
  onEnd(rawTrailers: readonly string[]): void;
}

/** Salesforce refuses requests over 16 KiB; its answers hold more (cookies, policies). */
export const maxHeadBytes = 64 * 1024;
/** Of a chunk's size and its extensions. */
const maxSizeLineBytes = 4096;

const head = 0;
/** A body of a known length, or one that lasts until the connection ends. */
const body = 1;
const chunkSize = 2;
const chunkData = 3;
const chunkEnd = 4;
const trailers = 5;
const over = 6;

const untilItEnds = Number.POSITIVE_INFINITY;

/**
 * RFC 9112 section 7.1. Sizes up to 2^52: beyond it numbers are not exact. Extensions are read over; they belong to the
 * connection.
 */
const sizeLine =
  /^([0-9a-f]{1,13})(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9a-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9a-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/i;

export class AnswerReader {
  #listener: AnswerListener | undefined;
  #answersHead = false;
  #state = over;
  /** A head, size line or trailer of which the end has not come. */
  #partial = '';
  /** Bytes of the body, or of its chunk, that are to come. */
  #left = 0;
  #keepAliveMs: number | undefined;

  /** @param method of the request: no body follows on HEAD */
  start(method: string, listener: AnswerListener): void {
    this.#listener = listener;
    this.#answersHead = method === 'HEAD';
    this.#state = head;
    this.#partial = '';
    this.#keepAliveMs = undefined;
  }

  /** The answer is whole, or nobody wants the rest. */
  get isOver(): boolean {
    return this.#state === over;
  }

  /** What comes is the body. */
  get hasHead(): boolean {
    return this.#state !== head;
  }

  /** How long upstream keeps an idle connection: 0: not at all; undefined: it has not said. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  stop(): void {
    this.#state = over;
    this.#listener = undefined;
  }

  /**
   * Takes what came, and tells the listener. How many of the bytes belong to the answer: less than all of them only if it is
   * over.
   * @throws MalformedAnswer
   */
  read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#state !== over) at = this.#step(bytes, at);
    return at;
  }

  /**
   * The connection has ended: so has a body that lasts until then.
   * @returns whether the answer is whole
   */
  end(): boolean {
    if (this.#state === body && this.#left === untilItEnds) this.#end([]);
    return this.#state === over;
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case head:
        return this.#readHead(bytes, at);
      case chunkSize:
        return this.#readChunkSize(bytes, at);
      case chunkEnd:
        return this.#readChunkEnd(bytes, at);
      case trailers:
        return this.#readTrailers(bytes, at);
      default:
        return this.#readData(bytes, at);
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const { text, next } = this.#until('\r\n\r\n', bytes, at, maxHeadBytes);
    if (text === undefined) {
      // Whoever speaks another protocol may wait for us to speak.
      assertMayBeHead(this.#partial);
      return next;
    }
    const { status, reason, rawHeaders, framing } = parseAnswerHead(text);
    if (status < 200) {
      // 101 answers `Upgrade`, which is never sent on.
      if (status === 101) throw new MalformedAnswer('it switched protocols unasked');
      if (!framing.isPersistent) throw new MalformedAnswer('it ends with an interim answer');
      this.#listener?.onInformation({ status, reason, rawHeaders });
      return next;
    }
    this.#expectBody(status, framing);
    this.#listener?.onHead({ status, reason, rawHeaders });
    if (this.#state === body && this.#left === 0) this.#end([]);
    return next;
  }

  /** RFC 9112 section 6.3. */
  #expectBody(status: number, { length = untilItEnds, isChunked, ...connection }: Framing): void {
    const hasBody = !this.#answersHead && status !== 204 && status !== 304;
    this.#left = hasBody ? length : 0;
    this.#state = hasBody && isChunked ? chunkSize : body;
    const endsWithConnection = this.#state === body && this.#left === untilItEnds;
    // A 204 has none; where it says that it has, the body may come all the same.
    const isAtOdds = status === 204 && (isChunked || (length > 0 && length < untilItEnds));
    const isPersistent = connection.isPersistent && !endsWithConnection && !isAtOdds;
    this.#keepAliveMs = isPersistent ? connection.keepAliveMs : 0;
  }

  #readData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isChunk = this.#state === chunkData;
    this.#listener?.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    // The listener may have stopped it.
    if (this.#left === 0 && this.#state !== over) {
      if (isChunk) this.#state = chunkEnd;
      else this.#end([]);
    }
    return end;
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    const { text, next } = this.#until('\r\n', bytes, at, maxSizeLineBytes);
    if (text === undefined) return next;
    const size = sizeLine.exec(text)?.[1];
    if (size === undefined) throw new MalformedAnswer('a chunk of its body has no size');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? trailers : chunkData;
    return next;
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    const before = this.#partial;
    const text = before + bytes.toString('latin1', at, at + 2 - before.length);
    if (!'\r\n'.startsWith(text)) {
      throw new MalformedAnswer('a chunk of its body is longer than it says');
    }
    this.#partial = text === '\r' ? text : '';
    if (text !== '\r') this.#state = chunkSize;
    return at + text.length - before.length;
  }

  #readTrailers(bytes: Buffer, at: number): number {
    // None, as nearly always: the empty line alone.
    if (this.#partial === '' && bytes[at] === 13 && bytes[at + 1] === 10) {
      this.#end([]);
      return at + 2;
    }
    if (this.#partial === '\r' && bytes[at] === 10) {
      this.#end([]);
      return at + 1;
    }
    const { text, next } = this.#until('\r\n\r\n', bytes, at, maxHeadBytes);
    if (text !== undefined) this.#end(parseFields(`\r\n${text}`));
    return next;
  }

  #end(rawTrailers: readonly string[]): void {
    this.#state = over;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onEnd(rawTrailers);
  }

  /** The text up to a mark, without it, and where it goes on; what has no end yet is kept for the next bytes. */
  #until(
    mark: string,
    bytes: Buffer,
    at: number,
    limit: number,
  ): { readonly text: string | undefined; readonly next: number } {
    const before = this.#partial;
    if (before === '') {
      const end = bytes.indexOf(mark, at, 'latin1');
      if (end !== -1 && end - at <= limit) {
        return { text: bytes.toString('latin1', at, end), next: end + mark.length };
      }
    }
    // The mark may have begun in what came before.
    const text = before + bytes.toString('latin1', at);
    const end = text.indexOf(mark, Math.max(0, before.length - mark.length + 1));
    // Of what has no end yet, the last bytes may be the beginning of it.
    if ((end === -1 ? text.length - mark.length + 1 : end) > limit) {
      throw new MalformedAnswer(`a part of its head or framing is over ${limit} bytes`);
    }
    if (end === -1) {
      this.#partial = text;
      return { text: undefined, next: bytes.length };
    }
    this.#partial = '';
    return { text: text.slice(0, end), next: at + end + mark.length - before.length };
  }
}
