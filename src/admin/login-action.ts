// "Log in again": drops the sessions of an org and logs in anew. Salesforce locks a user out after about 3,600 logins in an
// hour, so that whoever holds the button down must not reach it.
import { ProxyError } from '../errors.ts';
import type { OrgStatus } from '../org.ts';

const pauseMs = 10_000;

export interface LoginActionOptions {
  readonly orgs: () => readonly OrgStatus[];
  /** Ends when the login did, well or not. */
  readonly logInAgain: (org: string) => Promise<void>;
  readonly now: () => number;
}

/** Resolves with what became of it. The returned function throws `org_unknown` and `rate_limited`. */
export function createLoginAction(
  options: LoginActionOptions,
): (org: string) => Promise<OrgStatus> {
  const startedAtMs = new Map<string, number>();
  const find = (name: string) => {
    const org = options.orgs().find((one) => one.name === name);
    if (!org) throw new ProxyError('org_unknown', `There is no org "${name.slice(0, 60)}".`);
    return org;
  };
  return async (name) => {
    find(name);
    const waitMs = (startedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + pauseMs - options.now();
    if (waitMs > 0) {
      throw new ProxyError('rate_limited', `Somebody has just had "${name}" log in again.`, {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      });
    }
    startedAtMs.set(name, options.now());
    await options.logInAgain(name);
    return find(name);
  };
}
