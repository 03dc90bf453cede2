// The key by which a client is known: how one is made, and where a request may carry it. A client that believes it talks to
// Salesforce puts it wherever it would put a session (design.md, "One request" 2).
import { hash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** 256 random bits; the prefix tells a scanner of leaked secrets what it has found. */
export function makeClientKey(): string {
  return `sfap_${randomBytes(32).toString('base64url')}`;
}

/** Hexadecimal, in lower case. The key has 256 bits, so that no slow hash is needed. */
export function hashClientKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** What may be a key, in every carrier but the SOAP body; in the order in which they count. */
export function presentedKeys(headers: IncomingHttpHeaders, query: string | undefined): string[] {
  const { authorization, 'x-api-key': apiKey, 'x-sfdc-session': session } = headers;
  const keys = authorization === undefined ? [] : authorizationKeys(authorization);
  if (typeof apiKey === 'string') keys.push(apiKey);
  if (typeof session === 'string') keys.push(session);
  if (query?.includes('oauth_token'))
    keys.push(...new URLSearchParams(query).getAll('oauth_token'));
  return keys.filter((key) => key !== '');
}

function authorizationKeys(authorization: string): string[] {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (/^(bearer|oauth)$/i.test(scheme)) return [value];
  if (!/^basic$/i.test(scheme)) return [];
  // As the password, whatever the user; or as the user, as `curl -u KEY:` sends it.
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const at = pair.indexOf(':');
  return at === -1 ? [pair] : [pair.slice(at + 1), pair.slice(0, at)];
}
