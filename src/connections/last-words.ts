// What upstream said before it closed: an early answer (413, say) to an upload. Node destroys a socket as soon as a write
// fails, and the answer that lies unread in it is lost; so a write that fails because the peer has closed is told only after
// everything has been read.
import type { Socket } from 'node:net';

/** How long a peer that has closed may keep us reading. */
const readMs = 1000;

type Callback = (error?: Error | null) => void;

export function hearLastWords(socket: Socket): void {
  // The methods that a Writable is made of, and the only place where the failure of a write can be held back.
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) =>
    write.call(socket, chunk, encoding, afterReading(socket, done));
  if (writev)
    socket._writev = (chunks, done) => writev.call(socket, chunks, afterReading(socket, done));
}

function afterReading(socket: Socket, done: Callback): Callback {
  return (error) => {
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    if ((code !== 'EPIPE' && code !== 'ECONNRESET') || socket.readableEnded) {
      done(error);
      return;
    }
    const tell = () => {
      clearTimeout(timer);
      socket.off('end', tell);
      socket.off('close', tell);
      done(error);
    };
    const timer = setTimeout(tell, readMs);
    socket.once('end', tell);
    socket.once('close', tell);
  };
}
