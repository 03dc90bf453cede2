// What Node's own methods do not do to the answer that a client gets.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Cuts an answer that has begun and cannot be finished, so that the client cannot take what it has for the whole. */
export function cut(res: ServerResponse): void {
  const { socket, req } = res;
  if (socket) cutConnection(socket, req);
  // A request that was sent ahead: its turn has not come, and the answers before it are still owed. Node would let it begin
  // then, and never end.
  else res.once('socket', (socket: Socket) => cutConnection(socket, req));
  res.destroy();
}

function cutConnection(socket: Socket, { httpVersionMinor }: IncomingMessage): void {
  // To HTTP/1.0 the end of the connection may be the end of the body: only a reset tells. (TLS tells by itself, and a unix
  // socket, which has no address, cannot be reset.)
  const isTcp = socket.remoteAddress !== undefined && !('encrypted' in socket);
  if (httpVersionMinor === 0 && isTcp) socket.resetAndDestroy();
  else socket.destroy();
}

/** The answer whose turn it is. (Node's own error handler looks at the same property.) */
export function currentAnswer(socket: Duplex): ServerResponse | undefined {
  // Undefined before the first request, null between two.
  const { _httpMessage: answer } = socket as { _httpMessage?: ServerResponse | null };
  return answer ?? undefined;
}

/**
 * A client that ends its side has left, and Node ends ours: to HTTP/1.0 that would be the end of the body, however much of it
 * there is still to come.
 */
export function cutWhenClientEnds(socket: Socket): void {
  socket.prependListener('end', () => {
    const answer = currentAnswer(socket);
    if (answer?.headersSent && !answer.writableEnded && answer.req.httpVersionMinor === 0) {
      cut(answer);
    }
  });
}

/** Sends the head without waiting for the body. (`flushHeaders` would write its bytes above 0x7F as UTF-8.) */
export function sendHead(res: ServerResponse): void {
  res.write('', 'latin1');
}
