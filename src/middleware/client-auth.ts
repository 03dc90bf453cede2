// Who calls: a client that is known by its key or its certificate, or nobody in particular where that is permitted.
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { AccessConfig } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import { ClientGone } from '../forward/client-presence.ts';
import { readSessionId } from '../salesforce/soap-body.ts';
import type { Call, Middleware } from './call.ts';
import { hashClientKey, presentedKeys } from './client-key.ts';
import type { Client } from './org-and-client.ts';

export interface ClientAuthOptions {
  readonly clients: readonly Client[];
  readonly anonymous: AccessConfig['anonymous'];
}

export function clientAuth(options: ClientAuthOptions): Middleware {
  const byHash = new Map<string, Client>();
  const byCertificateName = new Map<string, Client>();
  for (const client of options.clients) {
    if (client.keySha256 !== undefined) byHash.set(client.keySha256, client);
    if (client.certificateName !== undefined) {
      byCertificateName.set(client.certificateName.toLowerCase(), client);
    }
  }

  return function clientAuth(call) {
    const { incoming, target } = call;
    const keys = presentedKeys(incoming.headers, target.query);
    call.client = ofKeys(keys, byHash) ?? ofCertificate(incoming.socket, byCertificateName);
    if (!call.client && call.api === 'soap') return ofEnvelope(call, keys);
    admit(call, keys.length > 0);
    return undefined;
  };

  async function ofEnvelope(call: Call, keys: readonly string[]): Promise<undefined> {
    const key = readSessionId((await call.holdBody()).bytes);
    if (key !== undefined) call.client = ofKeys([key], byHash);
    admit(call, key !== undefined || keys.length > 0);
  }

  function admit(call: Call, hasKey: boolean): void {
    if (!call.client && !mayBeAnonymous(call, options.anonymous)) throw unauthorized(hasKey);
  }
}

const noHash = '0'.repeat(64);

function ofKeys(keys: readonly string[], byHash: ReadonlyMap<string, Client>): Client | undefined {
  if (byHash.size === 0) return undefined;
  for (const key of keys) {
    const hash = hashClientKey(key);
    // Looking up a hash tells nothing about the key by its timing; the comparison itself is constant in time.
    const client = byHash.get(hash);
    const known = Buffer.from(client?.keySha256 ?? noHash, 'latin1');
    if (timingSafeEqual(known, Buffer.from(hash, 'latin1')) && client) return client;
  }
  return undefined;
}

/** Mutual TLS: only a certificate that the configured authority has signed counts (`authorized`). */
function ofCertificate(
  socket: Socket | TLSSocket,
  byName: ReadonlyMap<string, Client>,
): Client | undefined {
  if (byName.size === 0 || !('authorized' in socket) || !socket.authorized) return undefined;
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  for (const name of [subject?.CN ?? [], alternativeNames(subjectaltname)].flat()) {
    const client = byName.get(name.toLowerCase());
    if (client) return client;
  }
  return undefined;
}

/**
 * From Node's text of them, `DNS:a, URI:"b\u002cc"`. A name that holds a comma or a quote is a JSON string there, with its
 * commas escaped, so that it cannot pretend to be two (CVE-2021-44532; test/e2e/mutual-tls.test.ts).
 */
function alternativeNames(text: string): string[] {
  return text.split(', ').flatMap((entry) => {
    const [, value] = /^(?:DNS|URI|email|IP Address):(.*)$/.exec(entry) ?? [];
    if (value === undefined) return [];
    return value.startsWith('"') ? [String(JSON.parse(value))] : [value];
  });
}

/**
 * By the address of the peer itself: forwarded-for headers are anybody's claim. A peer without an address came by a unix
 * socket, whose file says who may use it, only where the listener is one: a TCP peer that has reset its connection has no
 * address either, and its request may still be read (test/e2e/client-peers.test.ts).
 */
function mayBeAnonymous(
  { incoming, isUnixSocket }: Call,
  anonymous: AccessConfig['anonymous'],
): boolean {
  if (anonymous !== 'loopback') return anonymous === 'always';
  if (isUnixSocket) return true;
  const { remoteAddress } = incoming.socket;
  if (remoteAddress === undefined) throw new ClientGone('The client left.');
  return /^(::ffff:)?127\./.test(remoteAddress) || remoteAddress === '::1';
}

function unauthorized(isUnknown: boolean): ProxyError {
  return new ProxyError(
    'client_unauthorized',
    isUnknown
      ? 'This key belongs to no client of the proxy.'
      : 'A client key is needed: as "Authorization: Bearer KEY", or wherever a Salesforce session would be.',
  );
}
