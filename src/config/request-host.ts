// Names by which clients and browsers reach the proxy: Host headers and web origins.
import { ProxyError } from '../errors.ts';

export const requestHostExpected =
  'expected a host name without a port, such as localhost, *.localhost or [::1]';
export const originExpected =
  'expected an origin such as https://app.example.com or http://localhost:3000, or *';

const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
const hostPattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);

/** In lower case, IPv6 in brackets. */
export function parseRequestHost(text: string): string {
  const host = text.trim().toLowerCase();
  const isAddress = /^\[[0-9a-f:.]+\]$/.test(host) && URL.canParse(`http://${host}`);
  if (!isAddress && !hostPattern.test(host)) {
    throw new ProxyError('config_invalid', requestHostExpected);
  }
  return host;
}

/** As a browser writes it in `Origin`. */
export function parseOrigin(text: string): string {
  if (text.trim() === '*') return '*';
  const url = URL.parse(text.trim());
  const isPlain = url !== null && /^[a-z][a-z0-9+.-]*:\/\/[^/?#@*]+\/?$/i.test(text.trim());
  if (!isPlain) throw new ProxyError('config_invalid', originExpected);
  // A browser extension's scheme is no "special" one, and its `origin` says "null".
  return url.origin === 'null' ? text.trim().replace(/\/$/, '').toLowerCase() : url.origin;
}
