// One TCP or TLS connection to one host, within a time.
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

export interface SocketOptions {
  readonly isTls: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  /** Empty for the protocol's own. */
  readonly port: string;
  /** A connection that reaches the host already. */
  readonly tunnel: Socket | undefined;
  readonly lookup: LookupFunction | undefined;
  readonly timeoutMs: number;
  readonly tlsSessions: TlsSessions;
  /** Undefined: whom Node trusts. */
  readonly secureContext?: SecureContext;
}

export class ConnectTimeout extends Error {}

/** A connection whose other side is gone without a word is found out. */
const tcpKeepAliveMs = 60_000;

/** Says when it is open, and for TLS that it is who it should be. */
export function connectSocket(
  options: SocketOptions,
  done: (...outcome: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
): void {
  const { isTls, timeoutMs } = options;
  const socket = isTls ? openTls(options) : openTcp(options);
  const timer = setTimeout(() => socket.destroy(new ConnectTimeout()), timeoutMs);
  const opened = isTls ? 'secureConnect' : 'connect';
  const settle = (error?: Error) => {
    clearTimeout(timer);
    socket.off('error', settle);
    socket.off('close', closed);
    socket.off(opened, settle);
    if (error) done(error, null);
    else done(null, socket);
  };
  // Without an error where a tunnel has ended meanwhile.
  const closed = () => settle(new Error('it was closed'));
  socket.setNoDelay(true);
  socket.setKeepAlive(true, tcpKeepAliveMs);
  socket.on('error', settle);
  socket.on('close', closed);
  socket.on(opened, settle);
}

function openTcp({ host, port, lookup }: SocketOptions): Socket {
  return connectTcp({ host, port: Number(port || 80), ...(lookup && { lookup }) });
}

function openTls(options: SocketOptions): Socket {
  const { host, port, tunnel, lookup, tlsSessions, secureContext } = options;
  const id = `${host}:${port}`;
  const socket = connectTls({
    ...(tunnel ? { socket: tunnel } : { port: Number(port || 443), ...(lookup && { lookup }) }),
    host,
    // Not for an address: RFC 6066 section 3.
    servername: isIP(host) ? '' : host,
    ALPNProtocols: ['http/1.1'],
    ...tlsSessions.resume(id),
    ...(secureContext && { secureContext }),
  });
  socket.on('session', (session) => tlsSessions.keep(id, session));
  return socket;
}

/** An org has one instance, or a few in its life. */
const maxTlsSessions = 100;

/** So that a later connection to the same host takes a short handshake (RFC 8446 section 2.2). */
export class TlsSessions {
  readonly #byHost = new Map<string, Buffer>();

  resume(host: string): { readonly session?: Buffer } {
    const session = this.#byHost.get(host);
    return session ? { session } : {};
  }

  keep(host: string, session: Buffer): void {
    if (this.#byHost.size >= maxTlsSessions) this.#byHost.clear();
    this.#byHost.set(host, session);
  }
}
