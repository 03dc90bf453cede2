// Where the proxy listens, as text: `host:port`, `[ipv6]:port` or `unix:/path.sock`. The host is always
// written out, so that nobody opens the proxy to a network by leaving it away.
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { ProxyError } from '../errors.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export const listenAddressExpected =
  'expected host:port, [ipv6]:port or unix:/path.sock, such as 127.0.0.1:8080';

/** A relative socket path is taken from `baseDir`. An IPv6 host comes out without its brackets. */
export function parseListenAddress(text: string, baseDir: string): ListenAddress {
  const address = text.startsWith('unix:') ? unixAddress(text, baseDir) : tcpAddress(text);
  if (address === undefined) throw new ProxyError('config_invalid', listenAddressExpected);
  return Object.freeze(address);
}

export function isLoopbackAddress(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

function unixAddress(text: string, baseDir: string): ListenAddress | undefined {
  const path = text.slice('unix:'.length);
  if (path === '' || path.includes('\0')) return undefined;
  return { kind: 'unix', path: resolve(baseDir, path) };
}

function tcpAddress(text: string): ListenAddress | undefined {
  const [, bracketed, name, digits] =
    /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  return { kind: 'tcp', host, port };
}
