// A corporate proxy: knows CONNECT and nothing else.
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

export type CorporateProxyMode = 'tunnel' | 'refuse' | 'hang';

export interface CorporateProxy {
  readonly port: number;
  readonly url: string;
  /** What CONNECT asked for, and with which credentials. */
  readonly connects: { readonly authority: string; readonly authorization: string | undefined }[];
  mode: CorporateProxyMode;
  /** Connections that stand at this moment. */
  open(): number;
}

/** Ends with the test. */
export async function startCorporateProxy(credentials?: string): Promise<CorporateProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    client.on('error', () => {});
    const authorization = request.headers['proxy-authorization'];
    proxy.connects.push({ authority: request.url ?? '', authorization });
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (authorization !== expected) client.end('HTTP/1.1 407 Credentials\r\n\r\n');
    else if (proxy.mode === 'refuse') client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    else if (proxy.mode === 'tunnel') tunnel(request.url ?? '', client);
    // Read, or the end would not be noticed.
    else client.on('end', () => client.destroy()).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const proxy: CorporateProxy = {
    port,
    url: `http://127.0.0.1:${port}`,
    connects: [],
    mode: 'tunnel',
    open: () => sockets.size,
  };
  return proxy;
}

function tunnel(authority: string, client: Duplex): void {
  const url = new URL(`https://${authority}`);
  const upstream = connect(Number(url.port || 443), url.hostname.replace(/^\[|\]$/g, ''));
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('connect', () => {
    client.write('HTTP/1.1 200 Established\r\n\r\n');
    upstream.pipe(client).pipe(upstream);
  });
}
