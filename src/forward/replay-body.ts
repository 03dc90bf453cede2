// A bounded copy of the request's body: can it be sent again? If it fits, it is held whole; if it does not, its beginning is,
// and the stream lane sends that ahead of the rest.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ClientGone } from './client-presence.ts';
import { noteSpent } from './spent-buffers.ts';

export interface ReplayBody {
  /** `bytes` are the whole body; else its beginning, and the rest is still in the request. */
  readonly isWhole: boolean;
  readonly bytes: Buffer;
  /** A client that waits for it has been told to send its body. */
  readonly isAskedFor: boolean;
}

const nothing: Buffer = Buffer.alloc(0);
const noBody: ReplayBody = { isWhole: true, bytes: nothing, isAskedFor: false };
export const unreadBody: ReplayBody = { isWhole: false, bytes: nothing, isAskedFor: false };

/** The request says that a body follows, if only one of no bytes. */
export function declaresBody(req: IncomingMessage): boolean {
  const { headers } = req;
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

/** Tells a client that waits for it (RFC 9110 section 10.1.1) to send its body; to be called once a request. */
export function askForBody(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.expect !== undefined && req.httpVersionMinor > 0) res.writeContinue();
}

/**
 * At once where there is nothing to read.
 * @param readsBeginning also read the beginning of a body that is known to be too long
 * @throws ClientGone when the client leaves with the body half sent
 */
export function readReplayBody(
  req: IncomingMessage,
  res: ServerResponse,
  limitBytes: number,
  readsBeginning = false,
): ReplayBody | Promise<ReplayBody> {
  const length = req.headers['content-length'];
  const isEmpty = length === undefined ? !declaresBody(req) : Number(length) === 0;
  if (isEmpty) return noBody;
  if (!readsBeginning && Number(length ?? 0) > limitBytes) return unreadBody;
  askForBody(req, res);
  return collect(req, limitBytes);
}

/** A body may come byte by byte, and each part is an object of some 200 bytes. */
const joinedAtOnce = 256;

/** Reads until the end, or up to the limit; then the request is paused. */
function collect(req: IncomingMessage, limitBytes: number): Promise<ReplayBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let latest: Buffer[] = [];
    let length = 0;
    const keep = (chunk: Buffer) => {
      latest.push(chunk);
      if (latest.length < joinedAtOnce) return;
      chunks.push(Buffer.concat(latest));
      latest = [];
    };
    const collected = (isWhole: boolean): ReplayBody => ({
      isWhole,
      bytes: joined([...chunks, ...latest]),
      isAskedFor: true,
    });
    const settle = () => {
      req.off('data', onData);
      req.off('end', onEnd);
      req.off('error', onGone);
      req.off('close', onGone);
    };
    const onData = (chunk: Buffer) => {
      const room = limitBytes - length;
      keep(chunk.subarray(0, room));
      length += chunk.length;
      if (length <= limitBytes) return;
      req.pause();
      // Never nothing: a request of which all has been taken would end now, with nobody to hear it.
      req.unshift(chunk.subarray(room));
      settle();
      resolve(collected(false));
    };
    const onEnd = () => {
      settle();
      resolve(collected(true));
    };
    const onGone = () => {
      settle();
      reject(new ClientGone('The client left before it had sent its request.'));
    };
    if (req.destroyed) {
      onGone();
      return;
    }
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('error', onGone);
    req.on('close', onGone);
  });
}

/** Of several parts, none is needed any more, and before long the whole is not either. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  if (only && chunks.length === 1) return only;
  const whole = Buffer.concat(chunks);
  for (const spent of [...chunks, whole]) noteSpent(spent);
  return whole;
}
