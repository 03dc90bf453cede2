// An answer of Salesforce as both lanes give it: its head, and a body that can be looked at before it is sent on. Nothing is
// lost by looking: the client gets the original bytes.
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate } from 'node:zlib';
import { isDeadSession, mayBeDeadSession } from '../salesforce/dead-session.ts';
import type { Api } from '../salesforce/session-carrier.ts';

export interface UpstreamAnswer {
  readonly status: number;
  readonly reason: string;
  /** Flat name-value pairs, as they came. */
  readonly rawHeaders: readonly string[];
  /** The body's beginning: at most `limitBytes`, and what has come within `timeoutMs`. It stays in the answer. */
  peek(limitBytes: number, timeoutMs: number): Promise<Buffer>;
  /** Sends the body with back-pressure; cuts the client's connection where upstream breaks. */
  sendTo(res: ServerResponse): void;
  /** Drops the answer, and its connection where much is still to come. */
  discard(): void;
}

const lookBytes = 64 * 1024;
const lookMs = 2000;

/** Looks whether an answer says that the session is dead; most answers are told by their status alone. */
export async function saysDeadSession(answer: UpstreamAnswer, api: Api): Promise<boolean> {
  if (!mayBeDeadSession(api, answer.status)) return false;
  const bytes = await answer.peek(lookBytes, lookMs);
  return isDeadSession(api, answer.status, (await decoded(bytes, answer.rawHeaders)).toString());
}

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** For the look only. A body that does not decompress says nothing. */
async function decoded(bytes: Buffer, rawHeaders: readonly string[]): Promise<Buffer> {
  const at = rawHeaders.findIndex((v, i) => i % 2 === 0 && v.toLowerCase() === 'content-encoding');
  const encoding = at === -1 ? 'identity' : (rawHeaders[at + 1] as string).trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return bytes;
  if (!Object.hasOwn(decoders, encoding)) return Buffer.alloc(0);
  try {
    return await decoders[encoding as keyof typeof decoders](bytes, {
      // The beginning of a body has no end; a bomb has no more than this to say.
      finishFlush: encoding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH,
      maxOutputLength: 1024 * 1024,
    });
  } catch {
    return Buffer.alloc(0);
  }
}
