// Only a plain path is proxied: what is judged here is, byte for byte, what is forwarded.
import type { MiddlewareHandler } from 'hono';
import { parseRequestTarget } from '../policy/request-target.ts';
import type { ProxyEnv } from './proxy-env.ts';

export function requestTarget(): MiddlewareHandler<ProxyEnv> {
  return async function requestTarget(c, next) {
    c.set('target', parseRequestTarget(c.env.incoming.url ?? ''));
    await next();
  };
}
