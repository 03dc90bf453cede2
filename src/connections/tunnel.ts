// A connection through the corporate proxy: HTTP CONNECT, RFC 9110 section 9.3.6.
import { type RequestOptions, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { nodeHost } from './node-host.ts';

export interface TunnelOptions {
  /** URL of the proxy, with credentials if it wants any. */
  readonly proxy: string;
  /** `host:port` to reach. */
  readonly authority: string;
  readonly timeoutMs: number;
  /** For a proxy that is itself reached by TLS. */
  readonly secureContext?: SecureContext;
}

/** An error names the proxy, and never its credentials. */
export async function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { authority, timeoutMs, secureContext } = options;
  const url = URL.parse(options.proxy);
  if (!url) throw new Error('HTTPS_PROXY is not a URL');
  const isTls = url.protocol === 'https:';
  const send = isTls ? requestByHttps : requestByHttp;
  const request = send({
    host: nodeHost(url.hostname),
    port: url.port || (isTls ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: { host: authority, ...credentials(url) },
    ...(secureContext && { secureContext }),
  } satisfies RequestOptions & { secureContext?: SecureContext });
  return new Promise((resolve, reject) => {
    const fail = (message: string, facts: { code?: string | undefined; cause?: unknown } = {}) => {
      request.destroy();
      reject(Object.assign(new Error(`the proxy ${url.host} ${message}`), facts));
    };
    const timer = setTimeout(() => fail('did not answer', { code: 'ETIMEDOUT' }), timeoutMs);
    request.once('close', () => clearTimeout(timer));
    request.once('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300) {
        resolve(socket as Socket);
        return;
      }
      socket.destroy();
      fail(`answered CONNECT with ${statusCode}`);
    });
    request.on('error', (cause: NodeJS.ErrnoException) =>
      fail(`failed: ${cause.message}`, { code: cause.code, cause }),
    );
    request.end();
  });
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const plain = `${decode(username)}:${decode(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
