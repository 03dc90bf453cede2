// Where a session travels, API by API, and what a client may have put there instead. Sources: salesforce-facts, section 4
// ("Auth carriers") and section 7 (what each client library sends).
import type { Secret } from '../config/secret.ts';

export type Api = 'rest' | 'bulk1' | 'soap' | 'cometd' | 'identity';

/** The API that a path belongs to. Salesforce merges repeated slashes (Data Loader sends them), so they count as one. */
export function apiOf(path: string): Api {
  const merged = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
  if (merged.startsWith('/services/async/')) return 'bulk1';
  if (merged.startsWith('/services/Soap/')) return 'soap';
  if (merged === '/cometd' || merged.startsWith('/cometd/')) return 'cometd';
  if (merged.startsWith('/id/') || merged.startsWith('/services/oauth2/userinfo'))
    return 'identity';
  return 'rest';
}

/** Request headers that carry a session or a client's key: the client's own are never sent on. */
export const carrierHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'x-sfdc-session',
  'x-api-key',
  'cookie',
]);

/** The header that this API reads the session from; SOAP reads it from the body alone. */
export function sessionHeader(api: Api, token: Secret): readonly [string, string] | undefined {
  if (api === 'soap') return undefined;
  if (api === 'bulk1') return ['X-SFDC-Session', token.reveal()];
  return ['Authorization', `Bearer ${token.reveal()}`];
}

/**
 * The target without `oauth_token`, in which some clients (jsforce `identity()`) send their token; all other bytes stay.
 */
export function withoutQueryToken(target: string): string {
  const at = target.indexOf('?');
  if (at === -1 || !/oauth|%/i.test(target.slice(at))) return target;
  const kept = target
    .slice(at + 1)
    .split('&')
    .filter((pair) => !isTokenParameter(pair));
  return kept.length === 0 ? target.slice(0, at) : `${target.slice(0, at)}?${kept.join('&')}`;
}

function isTokenParameter(pair: string): boolean {
  const name = pair.split('=', 1)[0] ?? '';
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim().toLowerCase() === 'oauth_token';
  } catch {
    return false;
  }
}

/** CometD keeps its client's state in cookies, so they pass; `sid` would be a session. */
export function withoutSessionCookie(cookie: string): string | undefined {
  const kept = cookie
    .split(';')
    .filter((pair) => !isSessionCookie(pair))
    .join(';')
    .trim();
  return kept === '' ? undefined : kept;
}

/** Of a pair in `Cookie`, or a whole `Set-Cookie`. */
export function isSessionCookie(cookie: string): boolean {
  return /^\s*(sid|oinfo)\s*=/i.test(cookie);
}

/** The list of API versions is the one resource that Salesforce gives without a session: it proves nothing. */
export function needsSession(target: string): boolean {
  return !/^\/+services\/+data\/*(\?|$)/.test(target);
}

/** The cheapest call that only a live session answers: a small static list, in a version that will stay for years. */
export const sessionProbePath = '/services/data/v60.0/';
