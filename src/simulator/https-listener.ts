// One HTTPS port of the org: opening, counting its connections, closing it for good.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';

export interface HttpsListener {
  readonly port: number;
  openConnections(): number;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

export interface HttpsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certPem: string; readonly keyPem: string };
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export async function openHttpsListener(
  { host, port, tls }: HttpsListenerOptions,
  handler: RequestHandler,
): Promise<HttpsListener> {
  const server = createServer(
    {
      cert: tls.certPem,
      key: tls.keyPem,
      // Room for a URI of 16 KiB, which Salesforce judges by itself (414), and the headers beside it.
      maxHeaderSize: 64 * 1024,
      keepAliveTimeout: 65_000,
      // Salesforce ends a request after ten minutes.
      requestTimeout: 600_000,
    },
    handler,
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    openConnections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export function originOf(host: string, port: number): string {
  return new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`).origin;
}
