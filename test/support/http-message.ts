// Reads HTTP/1.1 messages from bytes, leniently and by itself: neither Node's parser nor undici's, so that their mistakes show.
import { createHash } from 'node:crypto';

/** Bodies up to this size are kept; of larger ones length and digest. */
const keptBytes = 4 * 1024 * 1024;

export class HttpMessage {
  /** The head as it came, without the empty line. */
  head = '';
  startLine = '';
  headers: [name: string, value: string][] = [];
  trailers: [name: string, value: string][] = [];
  bodyLength = 0;
  isComplete = false;
  readonly #completed = Promise.withResolvers<void>();
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  readonly #kept: Buffer[] = [];

  get status(): number {
    return Number(this.startLine.split(' ')[1]);
  }

  get reason(): string {
    return this.startLine.split(' ').slice(2).join(' ');
  }

  get target(): string {
    return this.startLine.split(' ')[1] ?? '';
  }

  get method(): string {
    return this.startLine.split(' ')[0] ?? '';
  }

  get body(): Buffer {
    if (this.bodyLength > keptBytes) throw new Error('too large to be kept');
    return Buffer.concat(this.#kept);
  }

  get sha256(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }

  /** All values of a header, in order. */
  all(name: string): string[] {
    return this.headers.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
  }

  header(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Resolves once the whole message is there. */
  get completed(): Promise<void> {
    return this.#completed.promise;
  }

  complete(): void {
    this.isComplete = true;
    this.#completed.resolve();
  }

  append(chunk: Buffer): void {
    this.bodyLength += chunk.length;
    this.#hash.update(chunk);
    if (this.bodyLength <= keptBytes) this.#kept.push(chunk);
  }
}

type Framing = 'head' | 'length' | 'size' | 'chunk' | 'crlf' | 'trailers' | 'close';

export interface HttpReaderOptions {
  /** Of an answer: the method that it answers (HEAD has no body). Undefined: these are requests. */
  readonly answerTo?: () => string;
  readonly onHead?: (message: HttpMessage) => void;
  readonly onComplete?: (message: HttpMessage) => void;
}

export class HttpReader {
  readonly #options: HttpReaderOptions;
  #buffer: Buffer = Buffer.alloc(0);
  #state: Framing = 'head';
  #left = 0;
  #message = new HttpMessage();

  constructor(options: HttpReaderOptions) {
    this.#options = options;
  }

  /** The message of which a part has come. */
  get current(): HttpMessage {
    return this.#message;
  }

  /** What has come and belongs to no message. */
  get rest(): Buffer {
    return this.#buffer;
  }

  feed(bytes: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    while (this.#step());
  }

  /** The connection ended. */
  end(): void {
    if (this.#state === 'close') this.#complete();
  }

  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'size':
        return this.#readSize();
      case 'length':
      case 'chunk':
      case 'close':
        return this.#readBytes();
      case 'crlf':
        return this.#readLine() !== undefined && this.#to('size');
      case 'trailers':
        return this.#readTrailer();
    }
  }

  #to(state: Framing): true {
    this.#state = state;
    return true;
  }

  #readLine(): string | undefined {
    const at = this.#buffer.indexOf('\r\n');
    if (at === -1) return undefined;
    const text = this.#buffer.subarray(0, at).toString('latin1');
    this.#buffer = this.#buffer.subarray(at + 2);
    return text;
  }

  #readHead(): boolean {
    const at = this.#buffer.indexOf('\r\n\r\n');
    if (at === -1) return false;
    const message = this.#message;
    message.head = this.#buffer.subarray(0, at).toString('latin1');
    this.#buffer = this.#buffer.subarray(at + 4);
    const [startLine = '', ...lines] = message.head.split('\r\n');
    message.startLine = startLine;
    message.headers = lines.map(pair);
    this.#to(this.#framing(message));
    this.#options.onHead?.(message);
    if (this.#state === 'length' && this.#left === 0) this.#complete();
    return true;
  }

  #framing(message: HttpMessage): Framing {
    this.#left = 0;
    const method = this.#options.answerTo?.();
    const isBodyless = method === 'HEAD' || [204, 304].includes(message.status);
    const isInterim = message.status < 200 && message.status >= 100;
    if (method !== undefined && (isBodyless || isInterim)) return 'length';
    if (message.header('transfer-encoding') !== undefined) return 'size';
    const length = message.header('content-length');
    if (length === undefined && method !== undefined) return 'close';
    this.#left = Number(length ?? 0);
    return 'length';
  }

  #readSize(): boolean {
    const line = this.#readLine();
    if (line === undefined) return false;
    this.#left = Number.parseInt(line, 16);
    return this.#to(this.#left === 0 ? 'trailers' : 'chunk');
  }

  #readBytes(): boolean {
    if (this.#buffer.length === 0) return false;
    const limit = this.#state === 'close' ? this.#buffer.length : this.#left;
    const chunk = this.#buffer.subarray(0, limit);
    this.#buffer = this.#buffer.subarray(chunk.length);
    this.#message.append(chunk);
    this.#left -= chunk.length;
    if (this.#left > 0 || this.#state === 'close') return false;
    if (this.#state === 'chunk') this.#to('crlf');
    else this.#complete();
    return true;
  }

  #readTrailer(): boolean {
    const line = this.#readLine();
    if (line === undefined) return false;
    if (line === '') this.#complete();
    else this.#message.trailers.push(pair(line));
    return true;
  }

  #complete(): void {
    const message = this.#message;
    message.complete();
    this.#message = new HttpMessage();
    this.#state = 'head';
    this.#options.onComplete?.(message);
  }
}

function pair(line: string): [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trim()];
}
