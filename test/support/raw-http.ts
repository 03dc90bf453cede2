// A client that is nothing but a socket: sends what it is told, byte for byte, and shows what came back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type HttpMessage, HttpReader } from './http-message.ts';
import { waitFor } from './wait-for.ts';

export class RawClient {
  readonly socket: Socket;
  /** Complete answers, interim ones among them, in order. */
  readonly answers: HttpMessage[] = [];
  received: Buffer[] = [];
  receivedBytes = 0;
  /** The peer has ended its side. */
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;
  readonly #methods: string[] = [];
  readonly #reader: HttpReader;
  #taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#reader = new HttpReader({
      answerTo: () => this.#methods[0] ?? 'GET',
      onComplete: (message) => {
        if (message.status >= 200) this.#methods.shift();
        this.answers.push(message);
      },
    });
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
      if (this.receivedBytes < 8 * 1024 * 1024) this.received.push(chunk);
      this.#reader.feed(chunk);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
      if (!this.error) this.#reader.end();
    });
  }

  /** Everything that came back, as latin1. */
  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  /** The answer of which a part has come. */
  get partial(): HttpMessage {
    return this.#reader.current;
  }

  /** What came back after the last complete answer and is none. */
  get rest(): string {
    return this.#reader.rest.toString('latin1');
  }

  /** Sends bytes as they are, waiting where the peer does not take them. A string is latin1. */
  async send(bytes: string | Buffer): Promise<void> {
    if (typeof bytes === 'string') this.#noteMethods(bytes);
    if (this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)) return;
    await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]).catch(() => {});
  }

  /** Sends `bytes` in pieces, each in a turn of its own. */
  async sendInPieces(bytes: Buffer, pieceBytes: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      await this.send(bytes.subarray(at, at + pieceBytes));
      await nextTurn();
    }
  }

  /** The next answer that is not interim. */
  async answer(timeoutMs?: number): Promise<HttpMessage> {
    const next = () => this.answers.slice(this.#taken).findIndex(({ status }) => status >= 200);
    await waitFor(() => next() !== -1 || this.closed, 'an answer', timeoutMs);
    const at = next();
    if (at === -1) throw new Error(`the connection ended with ${JSON.stringify(this.text)}`);
    this.#taken += at + 1;
    return this.answers[this.#taken - 1] as HttpMessage;
  }

  async waitForClose(timeoutMs?: number): Promise<void> {
    await waitFor(() => this.closed || this.ended, 'the end of the connection', timeoutMs);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #noteMethods(text: string): void {
    for (const [, method] of text.matchAll(/^([A-Z]+) \/\S* HTTP\/1\.[01]\r$/gm)) {
      this.#methods.push(method as string);
    }
  }
}

/** Ends with the test. */
export async function connectRaw(
  to: { port: number; host?: string } | { path: string },
): Promise<RawClient> {
  const socket = 'path' in to ? connect(to.path) : connect(to.port, to.host ?? '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return new RawClient(socket);
}

/** A request's bytes: lines as they are, and a body with no framing of its own. */
export function requestBytes(
  startLine: string,
  headers: readonly string[] = [],
  body: string | Buffer = '',
): Buffer {
  const lines = [`${startLine} HTTP/1.1`, 'Host: localhost', ...headers, '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body)]);
}

/** `body` in chunks of the given size, with the end and its trailers. */
export function chunked(body: Buffer, chunkBytes: number, trailers = ''): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`0\r\n${trailers}\r\n`, 'latin1'));
  return Buffer.concat(parts);
}
