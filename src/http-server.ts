// Node's HTTP server as the data listener needs it: what its parser takes, how long it waits, and TLS.
import { X509Certificate } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';
import { atEndOfTurn } from './end-of-turn.ts';
import { ProxyError } from './errors.ts';
import { cut, cutWhenClientEnds } from './forward/client-end.ts';
import { sendRawError } from './middleware/error-response.ts';

/** Answers on `outgoing`; what it resolves with says nothing. */
export type Handle = (env: HttpBindings) => Response | Promise<Response>;

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whose certificates make a client known (mutual TLS). */
  readonly clientCa: Buffer | undefined;
}

/** Salesforce takes 16 KiB of request target, and its own headers beside it. */
const maxRequestHeadBytes = 32 * 1024;

const limits: ServerOptions = {
  maxHeaderSize: maxRequestHeadBytes,
  // An upload may take as long as it takes; only its head must come in time.
  requestTimeout: 0,
  headersTimeout: 60_000,
  // Longer than the usual 60 s of load balancers, which would otherwise meet closed connections.
  keepAliveTimeout: 75_000,
  // A request without a Host is refused by our own guard, and so is logged and answered as every other.
  requireHostHeader: false,
};

export function createHttpServer(handle: Handle, tls: TlsMaterial | undefined): Server {
  // Not Hono's own adapter: it makes a URL of each request, and what it can make none of gets an answer that is not ours.
  const answer = async (env: HttpBindings) => {
    try {
      await handle(env);
    } catch {
      cut(env.outgoing);
    }
  };
  const answerSoon = atEndOfTurn<HttpBindings>((env) => void answer(env));
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) =>
    answerSoon({ incoming, outgoing });
  const server = tls ? createTlsServer({ ...limits, ...tlsOptions(tls) }) : createServer(limits);
  server.on('request', listener);
  server.on(tls ? 'secureConnection' : 'connection', cutWhenClientEnds);
  // Node drops silently what is above its default of 2,000; the head's size is the bound.
  server.maxHeadersCount = 0;
  // The body is asked for when somebody is going to read it: forward/replay-body.ts.
  server.on('checkContinue', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => sendRawError(error, socket));
  server.on('connect', (_req, socket) => {
    // Node lets go of this connection: unheard, a reset of it would end the process.
    socket.on('error', () => socket.destroy());
    sendRawError(new ProxyError('bad_target', 'This is no forward proxy: CONNECT.'), socket);
  });
  return server;
}

function tlsOptions({ cert, key, clientCa }: TlsMaterial) {
  return {
    cert,
    key,
    // A client may come without a certificate, and then needs a key: middleware/client-auth.ts looks at `authorized`.
    ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
  };
}

/** @throws ProxyError `config_invalid` for a certificate and key that cannot be used together, or an authority that is none */
export function checkTls(material: TlsMaterial): void {
  const { clientCa } = material;
  check('The files of tls cannot be used together', () =>
    createSecureContext(tlsOptions(material)),
  );
  // A file without a certificate is no error to OpenSSL: then no client is known, and nobody is told why.
  if (clientCa)
    check('tls.client_ca_file holds no certificate', () => new X509Certificate(clientCa));
}

function check(problem: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    const text = `${problem}: ${(error as Error).message}`;
    throw new ProxyError('config_invalid', text, { cause: error });
  }
}

/** New connections use the new certificate. */
export function replaceTls(server: Server, material: TlsMaterial): void {
  if (server instanceof TlsServer) server.setSecureContext(tlsOptions(material));
}
