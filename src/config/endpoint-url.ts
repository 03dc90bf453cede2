// Which URLs and hosts the configuration may name. An assertion or a token travels to them, so plain http is
// for a loopback host only (RFC 7523 section 5 asks for TLS), and no URL carries a password but the proxy's.
import { ProxyError } from '../errors.ts';
import { Secret } from './secret.ts';

export const endpointUrlExpected = 'expected an https URL (http only for a loopback host)';
export const proxyUrlExpected =
  'expected the URL of an http proxy, such as http://proxy.example.com:3128';
export const instanceHostExpected =
  'expected a suffix such as .my.salesforce.com, or a host with or without a port';

/** The URL in its normal form, without a slash at the end. */
export function parseEndpointUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw invalid(endpointUrlExpected);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname)))
    throw invalid(endpointUrlExpected);
  if (url.username !== '' || url.password !== '')
    throw invalid(`${endpointUrlExpected} without a user name or password`);
  if (/[?#]/.test(text)) throw invalid(`${endpointUrlExpected} without a query or fragment`);
  return url.href.replace(/\/+$/, '');
}

/** Secret, because it may hold the proxy's password. */
export function parseProxyUrl(text: string): Secret {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw invalid(proxyUrlExpected);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw invalid(`${proxyUrlExpected}, without a path`);
  return new Secret(url.href);
}

/** As `URL.host` gives it. A suffix has two labels at least: `.com` would hand the token to anybody. */
export function parseInstanceHost(text: string): string {
  const entry = text.toLowerCase();
  if (suffix.test(entry)) return entry;
  const host = hostAndPort.test(entry) ? URL.parse(`https://${entry}`)?.host : undefined;
  if (host === undefined || entry.endsWith(':0')) throw invalid(instanceHostExpected);
  return host;
}

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const suffix = new RegExp(`^(?:\\.${label}){2,}$`);
const hostAndPort = new RegExp(`^(?:\\[[0-9a-f:.]+\\]|${label}(?:\\.${label})*)(?::\\d{1,5})?$`);

/** Takes a host as `URL.hostname` gives it: IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

function invalid(message: string): ProxyError {
  return new ProxyError('config_invalid', message);
}
