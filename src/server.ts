// The composition root: from a Config to a running proxy. The only place where things with a lifetime are made.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.ts';
import type { Config } from './config/schema.ts';
import { ProxyError } from './errors.ts';
import type { Emit } from './events.ts';
import { StreamLane } from './forward/stream-lane.ts';
import { closeListener, openListener } from './listener.ts';
import { sendRawError } from './middleware/error-response.ts';
import { createOrg, type RunningOrg } from './org.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly emit: Emit;
  readonly now?: () => number;
}

export interface ProxyServer {
  /** Resolves with the address that clients use, such as `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** @throws ProxyError `config_invalid` for a key, certificate or authority that cannot be used */
export function createProxyServer(options: ServerOptions): ProxyServer {
  const { config, emit, now = Date.now } = options;
  const streamLane = new StreamLane();
  const extraCa = config.upstream.caFile === undefined ? undefined : readCa(config.upstream.caFile);
  const orgs = new Map<string, RunningOrg>();
  for (const org of Object.values(config.orgs)) {
    const { upstream } = config;
    orgs.set(org.name, createOrg({ config: org, upstream, extraCa, streamLane, emit, now }));
  }
  const app = createApp({
    defaultOrg: config.defaultOrg === undefined ? undefined : orgs.get(config.defaultOrg),
    replayBodyLimitBytes: config.upstream.replayBodyLimitBytes,
    emit,
    now,
  });
  const server = createHttpServer(app.fetch as Parameters<typeof getRequestListener>[0]);
  return {
    listen: async () => {
      const address = await openListener(server, config.listen);
      emit({ type: 'listening', address });
      for (const org of orgs.values()) void org.warmUp();
      return address;
    },
    close: async () => {
      await closeListener(server);
      await Promise.all([...orgs.values()].map((org) => org.destroy()));
    },
  };
}

/** Salesforce takes 16 KiB of request target, and its own headers beside it. */
const maxRequestHeadBytes = 32 * 1024;

function createHttpServer(fetch: Parameters<typeof getRequestListener>[0]): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
    // Never used to route: only so that a request without a usable Host reaches our own guard.
    hostname: 'localhost',
  });
  const server = createServer(
    {
      maxHeaderSize: maxRequestHeadBytes,
      // An upload may take as long as it takes; only its head must come in time.
      requestTimeout: 0,
      headersTimeout: 60_000,
      // Longer than the usual 60 s of load balancers, which would otherwise meet closed connections.
      keepAliveTimeout: 75_000,
    },
    listener,
  );
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

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new ProxyError('config_invalid', `upstream.ca_file cannot be read: ${message}`, {
      cause: error,
    });
  }
}
