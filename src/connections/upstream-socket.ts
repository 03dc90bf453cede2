// How a connection to Salesforce is opened, for both lanes and the login alike: TLS with the operator's authorities, through
// the corporate proxy, to no address that a token must not reach, and within the connect timeout.
import { type LookupAddress, lookup as resolveName } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';
import { ProxyError } from '../errors.ts';
import { isPublicAddress } from '../salesforce/hosts.ts';
import type { Authorities } from './authorities.ts';
import { ConnectTimeout, connectSocket, TlsSessions } from './connect-socket.ts';
import { hearLastWords } from './last-words.ts';
import { nodeHost } from './node-host.ts';
import { openTunnel } from './tunnel.ts';

export interface UpstreamSocketOptions {
  readonly connectTimeoutMs: number;
  /** Undefined: those that Node trusts, NODE_EXTRA_CA_CERTS among them. */
  readonly authorities: Authorities | undefined;
  /** The proxy to use for everything; undefined: as HTTPS_PROXY and NO_PROXY say. */
  readonly proxy: string | undefined;
  /** Must `host[:port]` resolve to a public address? */
  readonly mustBePublic: (host: string) => boolean;
}

export interface UpstreamAddress {
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the protocol's own. */
  readonly port: string;
}

type Opened = (...outcome: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

/** Opens a connection; a failure is a ProxyError after which the request has certainly not arrived. */
export type OpenSocket = (address: UpstreamAddress, opened: Opened) => void;

export function createOpenSocket(options: UpstreamSocketOptions): OpenSocket {
  const { authorities, connectTimeoutMs } = options;
  const trust = authorities && { secureContext: authorities.secureContext };
  const tlsSessions = new TlsSessions();
  return (address, opened) => {
    const host = hostOf(address);
    const done: Opened = (error, socket) => {
      if (error) {
        opened(connectFailure(error, host), null);
        return;
      }
      hearLastWords(socket);
      opened(null, socket);
    };
    const connect = (tunnel?: Socket) =>
      connectSocket(
        {
          isTls: address.protocol !== 'http:',
          host: nodeHost(address.hostname),
          port: address.port,
          tunnel,
          lookup: !tunnel && options.mustBePublic(host) ? lookupPublic : undefined,
          timeoutMs: connectTimeoutMs,
          tlsSessions,
          ...trust,
        },
        done,
      );
    const proxy = proxyFor(address, host, options.proxy);
    if (proxy === '') {
      connect();
      return;
    }
    // The proxy resolves the name, so there is no address of ours to judge.
    const authority = address.port === '' ? `${host}:443` : host;
    openTunnel({ proxy, authority, timeoutMs: connectTimeoutMs, ...trust }).then(
      connect,
      (error: Error) => done(error, null),
    );
  };
}

/** Node gives an IPv6 address without its brackets; with a port, and in `instance_hosts`, it has them. */
function hostOf({ hostname, port }: UpstreamAddress): string {
  const name = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname;
  return port === '' ? name : `${name}:${port}`;
}

/** Plain http only ever goes to a loopback host, and the proxy's loopback is another machine's. */
function proxyFor(address: UpstreamAddress, host: string, configured: string | undefined): string {
  if (address.protocol !== 'https:') return '';
  return configured ?? getProxyForUrl(`https://${host}`);
}

/** Refuses a name of which any address is one of our own network, instead of choosing among its addresses. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) {
      callback(error, '', 0);
      return;
    }
    const hidden = addresses.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses;
    if (hidden || !first) {
      callback(new NotPublicError(hostname, hidden?.address ?? 'nothing'), '', 0);
    } else if (options.all) {
      (callback as unknown as (error: null, all: LookupAddress[]) => void)(null, addresses);
    } else {
      callback(null, first.address, first.family);
    }
  });
};

class NotPublicError extends Error {
  constructor(hostname: string, address: string) {
    super(
      `${hostname} resolves to ${address}, which is no public address, and no token is sent there. If this is meant, list the host by its whole name in instance_hosts.`,
    );
  }
}

function connectFailure(error: Error, host: string): ProxyError {
  const facts = { cause: error, requestMayHaveArrived: false };
  if (error instanceof NotPublicError) {
    return new ProxyError('instance_forbidden', error.message, facts);
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error instanceof ConnectTimeout || code === 'ETIMEDOUT') {
    const message = `No connection to ${host} within upstream.connect_timeout.`;
    return new ProxyError('upstream_timeout', message, facts);
  }
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code);
  const hint = isCertificate
    ? ' If a corporate proxy or a private authority signs it, name its certificate in upstream.ca_file.'
    : '';
  return new ProxyError(
    'upstream_unreachable',
    `Cannot connect to ${host}: ${error.message || code}.${hint}`,
    facts,
  );
}
