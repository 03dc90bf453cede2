// An answer of the stream lane: Node's IncomingMessage, with the look that the dead-session check takes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendTrailers } from './trailers.ts';
import type { UpstreamAnswer } from './upstream-answer.ts';

export class IncomingAnswer implements UpstreamAnswer {
  readonly #message: IncomingMessage;
  /** What a look has taken from the message. */
  #held: Buffer[] = [];
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.reason = message.statusMessage ?? '';
    this.rawHeaders = message.rawHeaders;
    // Told to the client by cutting its connection; unheard it would end the process.
    message.on('error', () => {});
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
    for (const chunk of this.#held) res.write(chunk);
    this.#held = [];
    const finish = () => {
      sendTrailers(res, message.rawTrailers);
      res.end();
    };
    if (message.readableEnded) {
      finish();
    } else if (message.destroyed) {
      res.destroy();
    } else {
      message.once('end', finish);
      // Cut where upstream breaks: `pipe` alone would leave the client waiting.
      message.once('close', () => {
        if (!message.complete) res.destroy();
      });
      message.pipe(res, { end: false });
    }
  }

  discard(): void {
    this.#message.destroy();
  }
}
