// A corporate proxy that tunnels every CONNECT to one port of this machine, whatever name was asked for: so the real
// names of Salesforce lead to a simulated org.
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.ts';

export interface ConnectProxy {
  readonly url: string;
  /** What was asked for, as `host:port`. */
  readonly tunnels: readonly string[];
}

/** Ends with the test. */
export async function startConnectProxy(port: number): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((_req, res) => res.writeHead(405).end());
  server.on('connection', (socket) => open.add(socket));
  server.on('connect', (req, client, head) => {
    tunnels.push(req.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    open.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await waitFor(() => server.listening, 'the corporate proxy');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}
