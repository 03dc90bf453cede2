// The body of one request, read at most once: hashed and counted as it passes, so that the log of executed requests can prove what
// arrived, and held in memory only where an API needs the text.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { ApiError } from './data/api-error.ts';

/** What Salesforce accepts as JSON or XML; larger uploads go to endpoints that stream. */
const maxTextBytes = 50 * 1024 * 1024;
const sha256OfNothing = createHash('sha256').digest('hex');
const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #hash = createHash('sha256');
  #text: string | undefined;
  #done: boolean;
  sha256 = sha256OfNothing;
  /** Bytes as they came over the wire, before any Content-Encoding is undone. */
  length = 0;

  constructor(request: IncomingMessage) {
    this.#request = request;
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    this.#done = encoding === undefined && (length ?? '0') === '0';
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#done) return;
    // The stream outlives an early end of this loop: otherwise a refusal of the body (413) would cut the connection.
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      this.#hash.update(chunk);
      this.length += chunk.length;
      yield chunk;
    }
    this.#done = true;
    this.sha256 = this.#hash.digest('hex');
  }

  async text(): Promise<string> {
    if (this.#text === undefined) {
      const raw = await buffer(this.#limited());
      const decode = decoders.get(this.#request.headers['content-encoding'] ?? '');
      this.#text = (decode ? await decode(raw) : raw).toString('utf8');
    }
    return this.#text;
  }

  /** Resolves when the whole body has arrived; rejects when the client went away before. */
  async drain(): Promise<void> {
    for await (const _ of this.chunks());
  }

  async *#limited(): AsyncGenerator<Buffer> {
    for await (const chunk of this.chunks()) {
      if (this.length > maxTextBytes) {
        throw new ApiError(413, 'REQUEST_ENTITY_TOO_LARGE', 'Request body is too large');
      }
      yield chunk;
    }
  }
}
