// One id for one request, in the client's log, ours and Salesforce's: the client's own if it is sane, else a new one.
import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ProxyEnv } from './proxy-env.ts';

// What stands in logs and headers unquoted; nothing that could be a session or an assertion has room in it.
const sane = /^[\w.:/+=@-]{1,128}$/;

export function requestId(): MiddlewareHandler<ProxyEnv> {
  return async function requestId(c, next) {
    const given = c.env.incoming.headers['x-request-id'];
    c.set('requestId', typeof given === 'string' && sane.test(given) ? given : randomUUID());
    await next();
  };
}
