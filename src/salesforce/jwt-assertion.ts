// The assertion that one exchange presents: RFC 7523 section 3, with the claims that Salesforce reads.
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { Secret } from '../config/secret.ts';

/** Salesforce asks for an expiry within three minutes. */
const lifetimeSeconds = 180;

export interface AssertionClaims {
  /** Consumer key of the External Client App or connected app. */
  readonly clientId: string;
  readonly username: string;
  readonly audience: string;
}

export async function signAssertion(
  claims: AssertionClaims,
  key: KeyObject,
  nowMs: number,
): Promise<Secret> {
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(claims.clientId)
    .setSubject(claims.username)
    .setAudience(claims.audience)
    .setExpirationTime(Math.floor(nowMs / 1000) + lifetimeSeconds)
    .sign(key);
  return new Secret(assertion);
}
