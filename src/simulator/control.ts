// What a test or an operator of the demo may do to the org from outside: the same methods in process and over the control listener.

import type { PortRole } from './gateway.ts';
import type { AppRegistration, UserRegistration } from './login/directory.ts';
import type { TokenFault } from './login/token-faults.ts';
import { type OrgState, registerUser } from './org-state.ts';
import type { ExecutedRequest, RequestCounts } from './request-log.ts';

export interface OrgCounts extends RequestCounts {
  readonly openConnections: number;
}

export interface MoveOptions {
  /** What the port left behind answers to API requests: default 'edge-420'. */
  readonly old?: Exclude<PortRole['mode'], 'current'>;
}

export interface OrgControl {
  /** Adds a connected app, or changes one: what is left out stays as it was. */
  registerApp(app: AppRegistration): void;
  registerUser(user: UserRegistration): void;
  /** Ends the sessions of one user or of everybody; returns how many were alive. */
  endSessions(filter?: { readonly username?: string }): number;
  /** The token endpoint goes on returning the token whose session was ended. */
  keepReturningSameTokenAfterEnd(on: boolean): void;
  /** Every login returns a new token that is dead on arrival. */
  mintDeadTokens(on: boolean): void;
  tokenEndpoint(fault: TokenFault): void;
  /** Says this instance_url instead of the true one; null: the true one again. */
  instanceUrl(url: string | null): void;
  /** Moves the instance to a new port and returns its origin. Sessions live on; the token endpoint stays. */
  moveInstance(options?: MoveOptions): Promise<string>;
  /** Logins per user and hour; null: Salesforce's own 3,600. Starts a new count. */
  loginRateLimit(limit: number | null): void;
  /** Sets the used count that Sforce-Limit-Info reports. */
  apiUsage(used: number): void;
  counts(): OrgCounts;
  /** The API requests that were executed, oldest first; the last 100,000. */
  executed(): ExecutedRequest[];
  resetCounts(): void;
}

export interface OrgPorts {
  openConnections(): number;
  moveInstance(old: Exclude<PortRole['mode'], 'current'>): Promise<string>;
}

export function createControl(org: OrgState, ports: OrgPorts): OrgControl {
  return {
    registerApp: (app) => org.directory.registerApp(app),
    registerUser: (user) => {
      registerUser(org, user);
    },
    endSessions: ({ username } = {}) => org.sessions.endAll(username),
    keepReturningSameTokenAfterEnd: (on) => {
      org.sessions.keepReturningSameTokenAfterEnd = on;
    },
    mintDeadTokens: (on) => {
      org.sessions.mintDeadTokens = on;
    },
    tokenEndpoint: (fault) => org.tokenFaults.set(fault),
    instanceUrl: (url) => {
      org.location.announcedInstanceUrl = url;
    },
    moveInstance: ({ old = 'edge-420' } = {}) => ports.moveInstance(old),
    loginRateLimit: (limit) => org.loginRate.setLimit(limit),
    apiUsage: (used) => {
      org.usage.used = used;
    },
    counts: () => ({ ...org.log.counts, openConnections: ports.openConnections() }),
    executed: () => org.log.executed(),
    resetCounts: () => org.log.reset(),
  };
}
