// Node's HTTP server as the data listener needs it: what its parser takes, how long it waits, and TLS.
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { ProxyError } from './errors.ts';
import { sendRawError } from './middleware/error-response.ts';

export type Fetch = Parameters<typeof getRequestListener>[0];

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
};

/** @throws ProxyError `config_invalid` for a certificate or key that cannot be used */
export function createHttpServer(fetch: Fetch, tls: TlsMaterial | undefined): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
    // Never used to route: only so that a request without a usable Host reaches our own guard.
    hostname: 'localhost',
  });
  const server = tls ? createTls(tls) : createServer(limits);
  server.on('request', listener);
  // Node drops silently what is above its default of 2,000; the head's size is the bound.
  server.maxHeadersCount = 0;
  // The body is asked for when somebody is going to read it: forward/replay-body.ts.
  server.on('checkContinue', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => sendRawError(error, socket));
  server.on('connect', (_req, socket) =>
    sendRawError(new ProxyError('bad_target', 'This is no forward proxy: CONNECT.'), socket),
  );
  return server;
}

function createTls({ cert, key, clientCa }: TlsMaterial): Server {
  try {
    return createTlsServer({
      ...limits,
      cert,
      key,
      // A client may come without a certificate, and then needs a key: middleware/client-auth.ts looks at `authorized`.
      ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
    });
  } catch (error) {
    const { message } = error as Error;
    const text = `tls.cert_file and tls.key_file cannot be used together: ${message}`;
    throw new ProxyError('config_invalid', text, { cause: error });
  }
}
