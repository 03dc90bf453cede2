// Which org a request is for: bound by the client, else by the port, else by the Host header, else the default.
import { ProxyError } from '../errors.ts';
import type { Middleware } from './call.ts';
import { hostTable } from './host-table.ts';
import type { Org } from './org-and-client.ts';

export interface SelectOrgOptions {
  /** By the Host header's name, without its port; `*.name` is any name below it. */
  readonly byHost: ReadonlyMap<string, Org>;
  readonly defaultOrg: Org | undefined;
}

export function selectOrg({ byHost, defaultOrg }: SelectOrgOptions): Middleware {
  const orgOfHost = hostTable(byHost);
  return function selectOrg(call) {
    const org = call.client?.org ?? call.listenerOrg ?? orgOfHost(call.host) ?? defaultOrg;
    if (!org) {
      throw new ProxyError(
        'org_unknown',
        'This request selects none of the orgs, and there is no default_org: use the port or the Host name of an org, or a key that is bound to one.',
      );
    }
    call.org = org;
    return undefined;
  };
}
