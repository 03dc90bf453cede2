// `check`: is the configuration valid, and does each login work? What fails is told with its fix, before a client meets it.
import { loadConfig } from '../config/load-config.ts';
import type { Config, OrgConfig } from '../config/schema.ts';
import type { Authorities } from '../connections/authorities.ts';
import { ProxyError } from '../errors.ts';
import type { Event } from '../events.ts';
import { tryLogin } from '../org-login.ts';
import { readAuthorities } from '../server.ts';

export interface CheckOptions {
  readonly config?: string;
  readonly org?: string;
  readonly json?: boolean;
}

interface LoginResult {
  readonly org: string;
  readonly username: string;
  readonly ok: boolean;
  readonly instance?: string;
  readonly duration_ms?: number;
  readonly certificate?: { readonly valid_to: string; readonly days_left: number };
  readonly code?: string;
  readonly message?: string;
}

export async function check(options: CheckOptions): Promise<void> {
  try {
    const results = await checkLogins(options);
    const isOk = results.every(({ ok }) => ok);
    if (options.json) printJson({ ok: isOk, logins: results });
    else console.log(results.map(asText).join('\n'));
    process.exitCode = exitCode(results);
  } catch (error) {
    if (!(options.json && error instanceof ProxyError)) throw error;
    printJson({ ok: false, code: error.code, problems: error.message.split('\n') });
    process.exitCode = error.exitCode;
  }
}

async function checkLogins(options: CheckOptions): Promise<LoginResult[]> {
  const config = loadConfig({ file: options.config, env: process.env, cwd: process.cwd() });
  const authorities = readAuthorities(config);
  const orgs = selectOrgs(config, options.org);
  const logins = orgs.flatMap((org) => usernames(org, config).map((name) => [org, name] as const));
  return Promise.all(logins.map(([org, name]) => checkLogin(name, org, { config, authorities })));
}

function selectOrgs({ orgs }: Config, name: string | undefined): OrgConfig[] {
  if (name === undefined) return Object.values(orgs);
  const org = orgs[name];
  if (org) return [org];
  const known = Object.keys(orgs).join(', ');
  throw new ProxyError(
    'config_invalid',
    `--org ${name}: there is no such org; expected one of ${known}`,
  );
}

/** The org's own user, and those that clients act as. */
function usernames(org: OrgConfig, { clients, defaultOrg }: Config): string[] {
  const ofClients = clients
    .filter((client) => (client.org ?? defaultOrg) === org.name)
    .flatMap(({ username }) => username ?? []);
  return [...new Set([org.username, ...ofClients])];
}

async function checkLogin(
  username: string,
  org: OrgConfig,
  { config, authorities }: { config: Config; authorities: Authorities | undefined },
): Promise<LoginResult> {
  const events: Event[] = [];
  const emit = (event: Event) => events.push(event);
  const { upstream } = config;
  const result = { org: org.name, username };
  try {
    await tryLogin(username, { config: org, upstream, authorities, emit, now: Date.now });
    return { ...result, ok: true, ...factsOf(events) };
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const { code, message } = error;
    return { ...result, ok: false, ...factsOf(events), code, message };
  }
}

function factsOf(events: readonly Event[]): Partial<LoginResult> {
  const facts = events.map((event): Partial<LoginResult> => {
    if (event.type === 'logged_in')
      return { instance: event.instance, duration_ms: Math.round(event.durationMs) };
    if (event.type === 'certificate')
      return { certificate: { valid_to: event.validTo, days_left: event.daysLeft } };
    return {};
  });
  return Object.assign({}, ...facts);
}

function asText({ org, username, ok, instance, certificate, message }: LoginResult): string {
  const expiry = certificate
    ? `, certificate valid until ${certificate.valid_to} (${certificate.days_left} days)`
    : '';
  return ok
    ? `ok      ${org}: ${username} logs in to ${instance}${expiry}`
    : `FAILED  ${org}: ${message}`;
}

/** A key that cannot be used is a mistake of the configuration, although only the login has met it. */
function exitCode(results: readonly LoginResult[]): number {
  if (results.every(({ ok }) => ok)) return 0;
  return results.some(({ code }) => code === 'config_invalid') ? 2 : 1;
}

function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}
