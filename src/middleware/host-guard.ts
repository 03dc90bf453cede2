// Is this request for us? A page on the internet can point its own name at 127.0.0.1 (DNS rebinding); then the browser
// believes that it talks to that page's server, and only the Host header tells otherwise.
import { ProxyError } from '../errors.ts';
import { isNamed } from '../header-name.ts';
import type { Middleware } from './call.ts';
import { hostTable } from './host-table.ts';

export function hostGuard(allowed: readonly string[]): Middleware {
  const check = hostCheck(allowed);
  return function hostGuard(call) {
    call.host = check(call.incoming.rawHeaders);
    return undefined;
  };
}

/**
 * What says the name in the Host header, or throws ProxyError `host_forbidden`.
 * @param allowed names without a port, in lower case; `*.name` is any name below `name`
 */
export function hostCheck(allowed: readonly string[]): (rawHeaders: readonly string[]) => string {
  const isAllowed = hostTable(allowed.map((host) => [host, true]));
  return (rawHeaders) => {
    const host = onlyHost(rawHeaders);
    const name = host === undefined ? undefined : hostName(host);
    if (name === undefined || !isAllowed(name)) {
      throw new ProxyError(
        'host_forbidden',
        `The Host header must be given once and be one that is served${name === undefined ? '' : `, and "${name}" is not`}. The operator can add it to access.allowed_hosts.`,
      );
    }
    return name;
  };
}

function onlyHost(rawHeaders: readonly string[]): string | undefined {
  let host: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!isNamed(rawHeaders[i] as string, 'host')) continue;
    if (host !== undefined) return undefined;
    host = rawHeaders[i + 1];
  }
  return host;
}

/** Lower case and without its port; undefined for what is no host. */
function hostName(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
}
