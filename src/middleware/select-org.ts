// Which org a request is for.
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import type { Org, ProxyEnv } from './proxy-env.ts';

export function selectOrg(defaultOrg: Org | undefined): MiddlewareHandler<ProxyEnv> {
  return async function selectOrg(c, next) {
    if (!defaultOrg) {
      throw new ProxyError(
        'org_unknown',
        'This request selects none of the configured orgs, and there is no default_org.',
      );
    }
    c.set('org', defaultOrg);
    await next();
  };
}
