// Who may use the admin listener? Whoever reaches its address; but no web page of somebody else, which a browser on this
// machine may have open (DNS rebinding, cross-site requests).
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import { hostCheck } from '../middleware/host-guard.ts';
import { originCheck } from '../middleware/origin-guard.ts';
import type { AdminEnv } from './admin-env.ts';

type Handler = MiddlewareHandler<AdminEnv>;

/** What a page of another site cannot send without asking first, and the answer to that is no. */
export const actionHeader = 'x-sf-auth-proxy';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function securityHeaders(): Handler {
  return async function securityHeaders(c, next) {
    const { outgoing } = c.env;
    outgoing.setHeader('content-security-policy', contentSecurityPolicy);
    outgoing.setHeader('x-content-type-options', 'nosniff');
    outgoing.setHeader('referrer-policy', 'no-referrer');
    outgoing.setHeader('cross-origin-resource-policy', 'same-origin');
    outgoing.setHeader('cross-origin-opener-policy', 'same-origin');
    await next();
  };
}

/** @param allowed a reload may change them */
export function adminHost(allowed: () => readonly string[]): Handler {
  let names: readonly string[] | undefined;
  let check = hostCheck([]);
  return async function adminHost(c, next) {
    // A page that was rebound has a name: only whoever typed it has an address there. Probes and scrapes have, too.
    if (isAddress(c.env.incoming.headers.host)) return next();
    if (names !== allowed()) {
      names = allowed();
      check = hostCheck(names);
    }
    check(c.env.incoming.rawHeaders);
    return next();
  };
}

export function adminOrigin(): Handler {
  const check = originCheck([]);
  return async function adminOrigin(c, next) {
    if (!isOwnPage(c.env.incoming) && !isLinkToPage(c)) {
      try {
        check(c.env.incoming.headers);
      } catch (cause) {
        // The guard's own advice is for the data port; here there is nothing to configure.
        const message = 'A web page of another origin asks, and only the dashboard itself may.';
        throw new ProxyError('origin_forbidden', message, { cause });
      }
    }
    return next();
  };
}

/** @throws ProxyError `origin_forbidden` for an action without its header */
export function assertIsAction({ headers }: IncomingMessage): void {
  if (headers[actionHeader] === '1') return;
  throw new ProxyError('origin_forbidden', `An action needs the header ${actionHeader}: 1.`);
}

function isAddress(host = ''): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?$/.exec(host) ?? [];
  return isIP(bracketed ?? plain ?? '') > 0;
}

function isOwnPage({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin !== undefined && URL.parse(origin)?.host === host?.toLowerCase();
}

/** From a wiki, say: it shows the dashboard to whoever follows it, and nothing to the wiki. */
function isLinkToPage(c: Context<AdminEnv>): boolean {
  const { method, headers } = c.env.incoming;
  return (
    c.req.path === '/' &&
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}
