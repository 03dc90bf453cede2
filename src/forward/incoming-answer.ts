// An answer of the stream lane: Node's IncomingMessage, with the look that the dead-session check takes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cut, sendHead } from './client-end.ts';
import { noteSpent } from './spent-buffers.ts';
import { addTrailers } from './trailers.ts';
import type { UpstreamAnswer } from './upstream-answer.ts';

export class IncomingAnswer implements UpstreamAnswer {
  readonly #message: IncomingMessage;
  /** What a look has taken from the message. */
  #held: Buffer[] = [];
  #client: ServerResponse | undefined;
  #hasBroken = false;
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.reason = message.statusMessage ?? '';
    this.rawHeaders = message.rawHeaders;
    // Unheard it would end the process.
    message.on('error', () => this.#cutIfBroken());
    message.on('close', () => this.#cutIfBroken());
  }

  /** The connection failed: what has come is not the whole, even where its end would be the end of the connection. */
  broke(): void {
    if (this.#message.complete) return;
    // Node goes on to take the end of the connection for the end of the message.
    this.#hasBroken = true;
    this.#message.destroy();
    if (this.#client) cut(this.#client);
  }

  get isBroken(): boolean {
    return this.#hasBroken || (this.#message.destroyed && !this.#message.readableEnded);
  }

  peek(limitBytes: number, timeoutMs: number): Promise<Buffer> {
    const message = this.#message;
    let length = 0;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        message.off('data', onData);
        message.off('end', done);
        message.off('close', done);
        message.pause();
        resolve(Buffer.concat(this.#held).subarray(0, limitBytes));
      };
      const onData = (chunk: Buffer) => {
        this.#held.push(chunk);
        length += chunk.length;
        if (length >= limitBytes) done();
      };
      const timer = setTimeout(done, timeoutMs);
      message.on('data', onData);
      message.on('end', done);
      message.on('close', done);
    });
  }

  sendTo(res: ServerResponse): void {
    const message = this.#message;
    this.#client = res;
    for (const chunk of this.#held) res.write(chunk);
    this.#held = [];
    const finish = () => {
      addTrailers(res, message.rawTrailers);
      res.end();
    };
    if (message.readableEnded) {
      finish();
    } else {
      // Node would keep the head until there is some of the body.
      if (message.readableLength === 0) sendHead(res);
      message.on('data', noteSpent);
      message.once('end', finish);
      message.pipe(res, { end: false });
    }
  }

  discard(): void {
    this.#message.destroy();
  }

  #cutIfBroken(): void {
    if (!this.#message.complete && this.#client) cut(this.#client);
  }
}
