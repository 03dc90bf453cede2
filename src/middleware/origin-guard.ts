// Does a web page ask? A browser lets any page send simple requests anywhere, and this proxy would add a session to them. So
// whatever a browser marks as another site's is refused before anything is sent, unless its origin is allowed (Fetch
// Standard: `Origin`, CORS protocol; Fetch Metadata: `Sec-Fetch-Site`).

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import type { Middleware } from './call.ts';

/** Typed into the address bar, or asked by a page of our own. */
const ownSites: unknown[] = ['none', 'same-origin'];

/** What a page may read of an answer beside what it always may. */
const exposed = [
  'Sforce-Limit-Info',
  'Sforce-Locator',
  'Sforce-NumberOfRecords',
  'ETag',
  'Location',
  'Retry-After',
  'Warning',
  'x-proxy-error',
  'x-request-id',
].join(', ');

export function originGuard(allowed: readonly string[]): Middleware {
  const check = originCheck(allowed);
  const allowsAny = allowed.includes('*');
  return function originGuard(call) {
    const { incoming, outgoing } = call;
    const origin = check(incoming.headers);
    if (origin === undefined) return undefined;
    call.corsHeaders = corsHeaders(origin, allowsAny);
    if (!isPreflight(incoming)) return undefined;
    answerPreflight(incoming, outgoing, call.corsHeaders);
    return 'answered';
  };
}

/** What says which page asks, undefined where none does, or throws ProxyError `origin_forbidden`. */
export function originCheck(
  allowed: readonly string[],
): (headers: IncomingHttpHeaders) => string | undefined {
  const allowsAny = allowed.includes('*');
  // `null` is any sandboxed frame or local file: nobody in particular, and no origin that `*` means.
  const isAllowed = (origin: string) =>
    allowsAny ? /^[a-z][a-z0-9+.-]*:\/\//.test(origin) : allowed.includes(origin);
  return ({ origin, 'sec-fetch-site': site = 'none' }) => {
    if (origin === undefined && !ownSites.includes(site)) throw forbidden(site);
    if (origin !== undefined && !isAllowed(origin)) throw forbidden(origin);
    return origin;
  };
}

function forbidden(who: unknown): ProxyError {
  const shown = String(who)
    .replace(/[^\x21-\x7e]/g, '?')
    .slice(0, 100);
  return new ProxyError(
    'origin_forbidden',
    `A web page asks (${shown}), and no page of that origin may. The operator can add its origin to access.allowed_origins.`,
  );
}

/** Flat name-value pairs. Credentials are for origins that are named, never for `*`. */
function corsHeaders(origin: string, isAny: boolean): string[] {
  return [
    'Access-Control-Allow-Origin',
    isAny ? '*' : origin,
    'Vary',
    'Origin',
    'Access-Control-Expose-Headers',
    exposed,
    ...(isAny ? [] : ['Access-Control-Allow-Credentials', 'true']),
  ];
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(
  { headers }: IncomingMessage,
  res: ServerResponse,
  cors: readonly string[],
): void {
  const wanted = headers['access-control-request-headers'];
  const network = headers['access-control-request-private-network'];
  res.writeHead(204, [
    ...cors,
    'Access-Control-Allow-Methods',
    'GET, HEAD, POST, PUT, PATCH, DELETE',
    ...(wanted === undefined ? [] : ['Access-Control-Allow-Headers', wanted]),
    ...(network === undefined ? [] : ['Access-Control-Allow-Private-Network', 'true']),
    'Access-Control-Max-Age',
    '600',
  ]);
  res.end();
}
