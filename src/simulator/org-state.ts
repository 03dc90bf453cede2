// Everything that one simulated org knows; made once at start, handed to its APIs and to its control.

import { recordId } from './data/record-id.ts';
import { RecordStore } from './data/records.ts';
import { findObject, type ObjectDefinition } from './data/schema.ts';
import { seedRecords } from './data/seed.ts';
import { Directory, type User, type UserRegistration } from './login/directory.ts';
import { LoginRate } from './login/login-rate.ts';
import { Sessions } from './login/sessions.ts';
import { TokenFaults } from './login/token-faults.ts';
import { RequestLog } from './request-log.ts';

export interface OrgInfo {
  readonly id15: string;
  readonly id18: string;
  readonly name: string;
}

export interface OrgState {
  readonly info: OrgInfo;
  readonly now: () => number;
  readonly strictExp: boolean;
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly records: RecordStore;
  readonly log: RequestLog;
  readonly loginRate: LoginRate;
  readonly tokenFaults: TokenFaults;
  /** What Sforce-Limit-Info reports. */
  readonly usage: { used: number; readonly limit: number };
  /** Where the org is reached; known only once its listeners are open. */
  readonly location: OrgLocation;
}

export interface OrgLocation {
  loginOrigin: string;
  instanceOrigin: string;
  /** What the token endpoint says instead of the real instance_url. */
  announcedInstanceUrl: string | null;
}

export interface OrgStateOptions {
  readonly sessionIdleTimeoutMs: number;
  readonly strictExp: boolean;
  readonly apiLimit: number;
  readonly now: () => number;
}

export function createOrgState(options: OrgStateOptions): OrgState {
  const { now } = options;
  const id18 = recordId('00D', 1);
  const info = { id15: id18.slice(0, 15), id18, name: 'Simulated Org' };
  const idleTimeoutMs = options.sessionIdleTimeoutMs;
  const state: OrgState = {
    info,
    now,
    strictExp: options.strictExp,
    directory: new Directory(),
    sessions: new Sessions({ orgId15: info.id15, idleTimeoutMs, now }),
    records: new RecordStore(now),
    log: new RequestLog(),
    loginRate: new LoginRate(now),
    tokenFaults: new TokenFaults(),
    usage: { used: 0, limit: options.apiLimit },
    location: { loginOrigin: '', instanceOrigin: '', announcedInstanceUrl: null },
  };
  addOrganizationRow(state);
  const { id: ownerId } = registerUser(state, { username: 'integration@example.com' });
  registerUser(state, { username: 'reports@example.com', profile: 'Read Only' });
  registerUser(state, { username: 'inactive@example.com', active: false });
  seedRecords(state.records, ownerId);
  return state;
}

/** A user of the directory is a row of the User object as well. */
export function registerUser(state: OrgState, registration: UserRegistration): User {
  const user = state.directory.registerUser(registration);
  state.records.insert(findObject('User') as ObjectDefinition, {
    Id: user.id,
    Username: user.username,
    Name: user.name,
    Email: user.username,
    IsActive: user.active,
  });
  return user;
}

function addOrganizationRow({ records, info }: OrgState): void {
  records.insert(findObject('Organization') as ObjectDefinition, {
    Id: info.id18,
    Name: info.name,
    InstanceName: 'SIM1',
    OrganizationType: 'Developer Edition',
    IsSandbox: false,
  });
}
