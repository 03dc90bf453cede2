// A bounded copy of the request's body: can it be sent again? If it fits, it is held whole; if it does not, its beginning is,
// and the stream lane sends that ahead of the rest.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ReplayBody {
  /** `bytes` are the whole body; else its beginning, and the rest is still in the request. */
  readonly isWhole: boolean;
  readonly bytes: Buffer;
}

const nothing: Buffer = Buffer.alloc(0);
const noBody: ReplayBody = { isWhole: true, bytes: nothing };
export const unreadBody: ReplayBody = { isWhole: false, bytes: nothing };

/** The client went away: there is nobody to answer, and no work goes on. */
export class ClientGone extends Error {}

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
 * @param readsBeginning also read the beginning of a body that is known to be too long
 * @throws ClientGone when the client leaves with the body half sent
 */
export async function readReplayBody(
  req: IncomingMessage,
  res: ServerResponse,
  limitBytes: number,
  readsBeginning = false,
): Promise<ReplayBody> {
  const length = req.headers['content-length'];
  const isEmpty = length === undefined ? !declaresBody(req) : Number(length) === 0;
  if (isEmpty) return noBody;
  if (!readsBeginning && Number(length ?? 0) > limitBytes) return unreadBody;
  askForBody(req, res);
  const chunks: Buffer[] = [];
  const isWhole = await collect(req, chunks, limitBytes);
  return { isWhole, bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) };
}

/** Reads into `chunks` until the end (true) or beyond the limit (false, and the request is paused). */
function collect(req: IncomingMessage, chunks: Buffer[], limitBytes: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let length = 0;
    const settle = () => {
      req.off('data', onData);
      req.off('end', onEnd);
      req.off('error', onGone);
      req.off('close', onGone);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= limitBytes) return;
      req.pause();
      settle();
      resolve(false);
    };
    const onEnd = () => {
      settle();
      resolve(true);
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
