// Opening and closing a listening address: a TCP port or a unix socket.
import { lstat, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { ListenAddress } from './config/listen-address.ts';
import { ProxyError } from './errors.ts';

const chooseAnother =
  'Choose another with --listen, for example --listen 127.0.0.1:0 for any free port.';

/**
 * Resolves with the address as a client writes it.
 * @param advice what to do when it cannot be opened
 * @throws ProxyError `listen_failed` that says how to choose another
 */
export async function openListener(
  server: Server,
  address: ListenAddress,
  scheme: 'http' | 'https',
  advice = chooseAnother,
): Promise<string> {
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(listenFailed(error, address, advice));
    server.once('error', failed);
    const listening = () => {
      server.off('error', failed);
      resolve();
    };
    if (address.kind === 'unix') server.listen(address.path, listening);
    else server.listen(address.port, address.host, listening);
  });
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { port } = server.address() as AddressInfo;
  return `${scheme}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}

/** No new connections; those that serve no request just now are closed. */
export function stopListening(server: Server): void {
  server.close();
}

/** Resolves when every connection is gone: by itself within `lingerMs`, or cut then. */
export function closeConnections(server: Server, lingerMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => {
      if (error || count === 0) {
        resolve();
        return;
      }
      const timer = setTimeout(() => server.closeAllConnections(), lingerMs);
      server.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  });
}

/** A socket file that nobody listens on was left by a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  // A plain file refuses connections too, and is nobody's left-over.
  const isSocket = await lstat(path).then(
    (file) => file.isSocket(),
    () => false,
  );
  if (!isSocket) return;
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isStale) await rm(path);
}

function listenFailed(
  error: NodeJS.ErrnoException,
  address: ListenAddress,
  advice: string,
): ProxyError {
  const shown =
    address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
  const whys: Record<string, string> = {
    EADDRINUSE: 'it is in use',
    EACCES: 'this user may not open it',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const why = whys[error.code ?? ''] ?? error.message;
  return new ProxyError('listen_failed', `Cannot listen on ${shown}: ${why}. ${advice}`, {
    cause: error,
  });
}
