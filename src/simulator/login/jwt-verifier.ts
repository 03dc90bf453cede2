// Is this assertion a JWT that the app's certificate signed? On node:crypto alone, and on purpose without code of the proxy.
// Authority: RFC 7515 (compact serialization), RFC 7518 section 3.3 (RS256), RFC 7523.

import { type KeyObject, verify } from 'node:crypto';

export interface Assertion {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signedPart: string;
  readonly signature: Buffer;
}

/** Undefined for anything that is not a compact JWT with `alg: RS256`. */
export function parseAssertion(text: string): Assertion | undefined {
  const parts = text.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return undefined;
  const claims = parseObject(payload);
  if (!claims || parseObject(header)?.alg !== 'RS256') return undefined;
  return {
    claims,
    signedPart: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

export function isSignedBy(assertion: Assertion, publicKey: KeyObject): boolean {
  // Otherwise an EC or HMAC key registered by mistake would be tried with an algorithm that the token never named.
  if (publicKey.asymmetricKeyType !== 'rsa') return false;
  return verify('sha256', Buffer.from(assertion.signedPart), publicKey, assertion.signature);
}

/** `exp` in seconds: a number, or a numeric string as simple-salesforce sends it. */
export function expiryOf({ claims: { exp } }: Assertion): number | undefined {
  if (typeof exp === 'number' && Number.isFinite(exp)) return exp;
  return typeof exp === 'string' && /^\d+$/.test(exp) ? Number(exp) : undefined;
}

function parseObject(base64url: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
