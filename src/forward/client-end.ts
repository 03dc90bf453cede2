// What Node's own methods do not do to the answer that a client gets.
import type { ServerResponse } from 'node:http';

/** Cuts an answer that has begun and cannot be finished, so that the client cannot take what it has for the whole. */
export function cut(res: ServerResponse): void {
  const { socket, req } = res;
  // To HTTP/1.0 the end of the connection may be the end of the body: only a reset tells. (TLS tells by itself, and a unix
  // socket, which has no address, cannot be reset.)
  const isTcp = socket?.remoteAddress !== undefined && !('encrypted' in socket);
  if (req.httpVersionMinor === 0 && isTcp) socket.resetAndDestroy();
  res.destroy();
}

/** Sends the head without waiting for the body. (`flushHeaders` would write its bytes above 0x7F as UTF-8.) */
export function sendHead(res: ServerResponse): void {
  res.write('', 'latin1');
}
