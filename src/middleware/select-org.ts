// Which org a request is for: bound by the client, else by the port, else by the Host header, else the default.
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import { hostTable } from './host-table.ts';
import type { Org, ProxyEnv } from './proxy-env.ts';

export interface SelectOrgOptions {
  /** By the Host header's name, without its port; `*.name` is any name below it. */
  readonly byHost: ReadonlyMap<string, Org>;
  readonly defaultOrg: Org | undefined;
}

export function selectOrg({ byHost, defaultOrg }: SelectOrgOptions): MiddlewareHandler<ProxyEnv> {
  const orgOfHost = hostTable(byHost);
  return async function selectOrg(c, next) {
    const { client, host } = c.var;
    const org = client?.org ?? c.env.listenerOrg ?? orgOfHost(host) ?? defaultOrg;
    if (!org) {
      throw new ProxyError(
        'org_unknown',
        'This request selects none of the orgs, and there is no default_org: use the port or the Host name of an org, or a key that is bound to one.',
      );
    }
    c.set('org', org);
    await next();
  };
}
