// A server that is nothing but a socket: records the bytes that arrive and answers with whatever bytes, resets and silences
// the test wants. It can be the instance of a simulated org.

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import { sessionProbePath } from '../../src/salesforce/session-carrier.ts';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { type HttpMessage, HttpReader } from './http-message.ts';
import { startOrg } from './start-org.ts';
import { startProxy, type TestProxy, type TestProxyOptions } from './start-proxy.ts';
import { waitFor } from './wait-for.ts';

export class RawConnection {
  readonly socket: Socket;
  readonly requests: HttpMessage[] = [];
  closed = false;
  /** Its first bytes, as they came. */
  received: Buffer[] = [];
  receivedBytes = 0;

  constructor(socket: Socket, onRequest: OnRequest, keepsBytes: boolean) {
    this.socket = socket;
    const reader = new HttpReader({
      onHead: (request) => {
        this.requests.push(request);
        onRequest(request, this);
      },
    });
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
      if (keepsBytes && this.receivedBytes < 1024 * 1024) this.received.push(chunk);
      reader.feed(chunk);
    });
    socket.on('error', () => {});
    const closed = () => {
      this.closed = true;
    };
    socket.on('end', closed);
    socket.on('close', closed);
  }

  /** Everything that arrived, as latin1. */
  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  /** A string is latin1. */
  write(bytes: string | Buffer): boolean {
    return this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  end(bytes: string | Buffer = ''): void {
    this.socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Called when a request's head has arrived. */
export type OnRequest = (request: HttpMessage, connection: RawConnection) => void;

export interface RawUpstream {
  readonly port: number;
  readonly url: string;
  /** `host:port` */
  readonly host: string;
  readonly connections: readonly RawConnection[];
  /** All requests but the proxy's own probes of its session, in order of arrival. */
  requests(): HttpMessage[];
  /** The request with this number, once its head has arrived. */
  request(index?: number): Promise<HttpMessage>;
  openConnections(): number;
  maxOpenConnections(): number;
  onRequest(handler: OnRequest): void;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

export interface RawUpstreamOptions {
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  readonly host?: string;
  readonly onRequest?: OnRequest;
  /** Also answer the probe by `onRequest`. */
  readonly scriptsProbe?: boolean;
}

export const ok = (body = 'ok', headers = ''): string =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** Answers every request with the same bytes, once all of it has arrived. */
export function answering(bytes: string | Buffer): OnRequest {
  return (request, connection) => {
    void request.completed.then(() => connection.write(bytes));
  };
}

/** The same request takes either lane, by its proxy's limit. */
export const lanes = [
  { lane: 'replay', upstream: {} },
  { lane: 'stream', upstream: { replay_body_limit: '0B' } },
];

/** Ends with the test. Answers 200 unless told otherwise. */
export async function startRawUpstream(options: RawUpstreamOptions = {}): Promise<RawUpstream> {
  const { host = '127.0.0.1' } = options;
  let handler: OnRequest = options.onRequest ?? answering(ok());
  const connections: RawConnection[] = [];
  let most = 0;
  const open = () => connections.filter(({ closed }) => !closed).length;
  const accept = (socket: Socket) => {
    const isProbe = ({ target }: HttpMessage) =>
      target === sessionProbePath && !options.scriptsProbe;
    connections.push(
      new RawConnection(
        socket,
        (request, connection) => {
          if (isProbe(request)) connection.write(ok('{}'));
          else handler(request, connection);
        },
        true,
      ),
    );
    // The end of another may have arrived before this one, and be told after it.
    setImmediate(() =>
      setImmediate(() => {
        most = Math.max(most, open());
      }),
    );
  };
  const server: Server = options.tls
    ? createTlsServer({ cert: options.tls.certPem, key: options.tls.keyPem }, accept)
    : createServer(accept);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { socket } of connections) socket.destroy();
    await closed;
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  const name = `${options.tls && host === '127.0.0.1' ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  const requests = () =>
    connections.flatMap((one) => one.requests).filter(({ target }) => target !== sessionProbePath);
  return {
    port,
    host: name,
    url: `${options.tls ? 'https' : 'http'}://${name}`,
    connections,
    requests,
    request: async (index = 0) => {
      await waitFor(() => requests().length > index, `request ${index} at the raw upstream`);
      return requests()[index] as HttpMessage;
    },
    openConnections: open,
    maxOpenConnections: () => most,
    onRequest: (next) => {
      handler = next;
    },
    close,
  };
}

export interface RawPair {
  readonly org: SimulatedOrg;
  readonly upstream: RawUpstream;
  readonly proxy: TestProxy;
}

/** A proxy whose org lives on a raw upstream. */
export async function startRawPair(
  options: RawUpstreamOptions & { readonly proxy?: TestProxyOptions } = {},
): Promise<RawPair> {
  const org = await startOrg();
  const upstream = await startRawUpstream(options);
  org.control.instanceUrl(upstream.url);
  const { proxy = {} } = options;
  return {
    org,
    upstream,
    proxy: await startProxy(org, {
      ...proxy,
      org: { instance_hosts: [upstream.host], ...proxy.org },
    }),
  };
}
