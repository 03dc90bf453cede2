// Who may receive a token: the only place that decides it. `instance_url` is untrusted input: whoever can answer for the
// token endpoint could otherwise have sessions sent anywhere.
import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from '../config/endpoint-url.ts';
import { ProxyError } from '../errors.ts';
import { redactTokens } from './redact.ts';

/** Salesforce's own API hosts: My Domain and legacy instances, Government Cloud, China, Experience Cloud. */
export const salesforceHosts: readonly string[] = [
  '.salesforce.com',
  '.salesforce.mil',
  '.sfcrmproducts.cn',
  '.my-salesforce.com',
  '.cloudforce.com',
  '.force.com',
  '.my.site.com',
];

/** A place that may receive a token. */
export interface Instance {
  /** Scheme, host and port (RFC 6454): no path, no trailing slash. */
  readonly origin: string;
  /** Listed by its whole name, so that the operator vouches for its address too; else only its suffix fitted. */
  readonly listedByName: boolean;
}

// Only what an origin is made of: the URL parser would otherwise drop tabs, turn `\` into `/` and accept user info.
const plainOrigin =
  /^(https?):\/\/([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/;

/**
 * The instance that an `instance_url` names, if it may receive a token.
 * @throws ProxyError `instance_forbidden` for everything else
 */
export function parseInstanceUrl(instanceUrl: string, allowed = salesforceHosts): Instance {
  const url = plainOrigin.test(instanceUrl) ? URL.parse(instanceUrl) : null;
  if (!url) throw forbidden(instanceUrl, 'it is not a plain https origin');
  const listedByName = allowed.includes(url.host);
  if (url.protocol !== 'https:' && !(listedByName && isLoopbackHost(url.hostname))) {
    throw forbidden(instanceUrl, 'it is not https');
  }
  if (`.${url.hostname}`.includes('.lightning.')) {
    throw forbidden(instanceUrl, 'a Lightning host serves pages and no API');
  }
  if (!listedByName && !(url.port === '' && fitsSuffix(url.hostname, allowed))) {
    throw forbidden(instanceUrl, 'instance_hosts does not list it');
  }
  return { origin: url.origin, listedByName };
}

function fitsSuffix(hostname: string, allowed: readonly string[]): boolean {
  return allowed.some(
    (entry) => entry.startsWith('.') && hostname.endsWith(entry) && hostname.length > entry.length,
  );
}

function forbidden(instanceUrl: string, why: string): ProxyError {
  const shown = redactTokens(instanceUrl)
    .replace(/[^\x21-\x7e]/g, '?')
    .slice(0, 200);
  return new ProxyError(
    'instance_forbidden',
    `the token endpoint gave ${shown} as instance_url, and no token is sent there: ${why}. If this host is yours, add it to orgs.*.instance_hosts.`,
  );
}

const notPublic = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
  // NAT64 (RFC 6052): in a network of IPv6 only, all of Salesforce is there, and so would be our own addresses.
  notPublic.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6');
}

/**
 * May a host that only fitted a suffix resolve to this address? Not to one of our own network: a DNS answer of 127.0.0.1 or
 * 169.254.169.254 for x.my.salesforce.com would hand the session to whatever listens there.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  // BlockList judges an IPv4-mapped IPv6 address by its IPv4 rules.
  return !notPublic.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
