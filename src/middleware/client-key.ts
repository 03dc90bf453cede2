// The key by which a client is known: how one is made, and where a request may carry it. A client that believes it talks to
// Salesforce puts it wherever it would put a session (design.md, "One request" 2).
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** 256 random bits; the prefix tells a scanner of leaked secrets what it has found. */
export function makeClientKey(): string {
  return `sfap_${randomBytes(32).toString('base64url')}`;
}

/** Hexadecimal, in lower case. The key has 256 bits, so that no slow hash is needed. */
export function hashClientKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** What may be a key, in every carrier but the SOAP body; in the order in which they count. */
export function presentedKeys(headers: IncomingHttpHeaders, query: string | undefined): string[] {
  const keys = [
    ...authorizationKeys(headers.authorization),
    headers['x-api-key'],
    headers['x-sfdc-session'],
    ...(query?.includes('oauth_token') ? new URLSearchParams(query).getAll('oauth_token') : []),
  ];
  return keys.flatMap((key) => (typeof key === 'string' && key !== '' ? [key] : []));
}

function authorizationKeys(authorization: string | undefined): string[] {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  if (/^(bearer|oauth)$/i.test(scheme)) return [value];
  if (!/^basic$/i.test(scheme)) return [];
  // As the password, whatever the user; or as the user, as `curl -u KEY:` sends it.
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const at = pair.indexOf(':');
  return at === -1 ? [pair] : [pair.slice(at + 1), pair.slice(0, at)];
}
