// Is upstream standing still? Time counts only while we wait for it: with a client that is slow to send or to read, nothing
// is wrong with Salesforce. (The replay lane has a watch of its own: connections/instance-connection.ts.)
import type { ClientRequest, ServerResponse } from 'node:http';
import { responseTimeout } from '../connections/upstream-error.ts';

/** Ends `proxyReq` once upstream has neither taken nor sent a byte for `timeoutMs` while it was its turn. */
export function watchForStall(
  proxyReq: ClientRequest,
  res: ServerResponse,
  timeoutMs: number,
): void {
  let progress = -1;
  let idleSinceMs = performance.now();
  const check = () => {
    const { socket } = proxyReq;
    const bytes = socket ? socket.bytesRead + socket.bytesWritten - socket.writableLength : 0;
    const nowMs = performance.now();
    if (bytes !== progress || !isUpstreamsTurn(proxyReq, res)) {
      progress = bytes;
      idleSinceMs = nowMs;
    } else if (nowMs - idleSinceMs >= timeoutMs) {
      proxyReq.destroy(responseTimeout(proxyReq.host));
    }
  };
  const timer = setInterval(check, Math.min(1000, Math.max(10, timeoutMs / 4)));
  proxyReq.once('close', () => clearInterval(timer));
}

function isUpstreamsTurn(proxyReq: ClientRequest, res: ServerResponse): boolean {
  // The answer has begun, and the client does not take more of it.
  if (res.headersSent && res.writableNeedDrain) return false;
  // Of the body, all that the client has sent is gone: it is the client's turn, even if the answer has begun.
  return proxyReq.writableEnded || proxyReq.writableNeedDrain;
}
