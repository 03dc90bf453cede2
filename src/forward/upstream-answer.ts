// An answer of Salesforce as both lanes give it: its head, and a body that can be looked at before it is sent on. Nothing is
// lost by looking: the client gets the original bytes.
import type { ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
} from 'node:zlib';
import { isNamed } from '../header-name.ts';
import { isDeadSession, mayBeDeadSession } from '../salesforce/dead-session.ts';
import type { Api } from '../salesforce/session-carrier.ts';

export interface UpstreamAnswer {
  readonly status: number;
  readonly reason: string;
  /** Flat name-value pairs, as they came. */
  readonly rawHeaders: readonly string[];
  /** Its connection has failed, and the body will never be whole. */
  readonly isBroken: boolean;
  /** The body's beginning: at most `limitBytes`, and what has come within `timeoutMs`. It stays in the answer. */
  peek(limitBytes: number, timeoutMs: number): Promise<Buffer>;
  /** Sends the body with back-pressure; cuts the client's connection where upstream breaks. */
  sendTo(res: ServerResponse): void;
  /** Drops the answer, and its connection where much is still to come. */
  discard(): void;
}

/** RFC 9110 section 15.2: 103 and the like, before the answer. */
export interface InterimAnswer {
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
}

export type OnInformation = (interim: InterimAnswer) => void;

const lookBytes = 64 * 1024;
const lookMs = 2000;

/** Looks whether an answer says that the session is dead; most answers are told by their status alone, at once. */
export function saysDeadSession(
  answer: UpstreamAnswer,
  api: Api,
  method = 'GET',
): boolean | Promise<boolean> {
  if (!mayBeDeadSession(api, answer.status)) return false;
  if (method === 'HEAD') return isDeadSession(api, answer.status, undefined);
  return bodySaysDeadSession(answer, api);
}

async function bodySaysDeadSession(answer: UpstreamAnswer, api: Api): Promise<boolean> {
  const bytes = await answer.peek(lookBytes, lookMs);
  const beginning = await decoded(bytes, contentEncoding(answer.rawHeaders));
  return isDeadSession(api, answer.status, beginning.toString());
}

function contentEncoding(rawHeaders: readonly string[]): string {
  const at = rawHeaders.findIndex((v, i) => i % 2 === 0 && isNamed(v, 'content-encoding'));
  return at === -1 ? '' : (rawHeaders[at + 1] as string).trim().toLowerCase();
}

/** For the look only. What does not decompress says nothing; of what does, its beginning is enough, so no bomb goes off. */
function decoded(bytes: Buffer, encoding: string): Promise<Buffer> | Buffer {
  if (encoding === '' || encoding === 'identity') return bytes;
  const decoder = createDecoder(bytes, encoding);
  if (!decoder) return Buffer.alloc(0);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = () => {
      decoder.destroy();
      resolve(Buffer.concat(chunks).subarray(0, lookBytes));
    };
    decoder.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= lookBytes) done();
    });
    decoder.on('error', done);
    decoder.on('end', done);
    decoder.end(bytes);
  });
}

function createDecoder(bytes: Buffer, encoding: string): Transform | undefined {
  // The beginning of a body has no end.
  const cut = { finishFlush: constants.Z_SYNC_FLUSH };
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip(cut);
  if (encoding === 'br') {
    return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  }
  if (encoding !== 'deflate') return undefined;
  // RFC 9110 section 8.4.1.2: it should be the zlib format, and some servers leave its two bytes of header out.
  const isZlib =
    bytes.length >= 2 && bytes.readUInt16BE(0) % 31 === 0 && (bytes[0] ?? 0) % 16 === 8;
  return isZlib ? createInflate(cut) : createInflateRaw(cut);
}
