// One login: sign, ask, judge, and ask again where the failure may pass. It ends within the login timeout whatever the
// endpoint does, and makes at most three tries in it (RFC 7523 for the exchange; full jitter against a synchronised herd).
import type { KeyObject } from 'node:crypto';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '../config/secret.ts';
import { ProxyError } from '../errors.ts';
import { type Instance, parseInstanceUrl } from '../salesforce/hosts.ts';
import { signAssertion } from '../salesforce/jwt-assertion.ts';
import { explainLoginRefusal } from '../salesforce/login-errors.ts';
import { sendTokenRequest, type TokenReply } from '../salesforce/token-endpoint.ts';
import { Session } from './session.ts';
import { untilAborted } from './until-aborted.ts';

const maxTries = 3;
const firstPauseMs = 500;

export interface LoginOptions {
  readonly org: string;
  readonly username: string;
  readonly clientId: string;
  readonly audience: string;
  readonly tokenUrl: string;
  readonly instanceHosts: readonly string[] | undefined;
  readonly timeoutMs: number;
  /** Reads the key anew each time: a mounted secret rotates. */
  readonly privateKey: () => KeyObject;
  /** Opens the connection to the token endpoint. */
  readonly agent: Agent;
  readonly now: () => number;
  readonly onRetry: (attempt: number, why: string) => void;
}

/** @throws ProxyError `login_rejected`, `login_unavailable`, `login_rate_exceeded` or `instance_forbidden` */
export async function login(options: LoginOptions): Promise<Session> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  let why = 'it was not asked';
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    if (attempt > 1) await pause(attempt, deadline);
    if (deadline.aborted) break;
    if (attempt > 1) options.onRetry(attempt, why);
    const outcome = await tryOnce(options, deadline);
    if (outcome instanceof Session) return outcome;
    why = outcome;
  }
  throw new ProxyError(
    'login_unavailable',
    `Cannot log in to org "${options.org}" just now: ${host(options)} could not be used: ${why}.`,
  );
}

/** The session, or why there is none yet; throws what no further try would change. */
async function tryOnce(options: LoginOptions, deadline: AbortSignal): Promise<Session | string> {
  const assertion = await sign(options);
  const { tokenUrl, agent } = options;
  const request = { tokenUrl, assertion, agent, signal: deadline };
  let reply: TokenReply;
  try {
    // Whatever a connection does that is still being opened, it must not outlast the deadline.
    reply = await untilAborted(sendTokenRequest(request), deadline);
  } catch (error) {
    return deadline.aborted
      ? `it did not answer within ${options.timeoutMs / 1000} s`
      : describe(error);
  }
  if (reply.kind === 'unusable') return reply.why;
  if (reply.kind === 'refused') return refused(reply, options);
  return new Session(reply.accessToken, instanceOf(reply.instanceUrl, options), options.now());
}

function instanceOf(instanceUrl: string, { org, instanceHosts }: LoginOptions): Instance {
  try {
    return parseInstanceUrl(instanceUrl, instanceHosts);
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const message = `Cannot log in to org "${org}": ${error.message}`;
    throw new ProxyError(error.code, message, { cause: error });
  }
}

async function sign(options: LoginOptions): Promise<Secret> {
  try {
    return await signAssertion(options, options.privateKey(), options.now());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProxyError('login_rejected', `Cannot log in to org "${options.org}": ${message}`, {
      cause: error,
    });
  }
}

/** Why a refusal may pass. @throws ProxyError for one that will not */
function refused(reply: Extract<TokenReply, { kind: 'refused' }>, options: LoginOptions): string {
  const { kind, said, fix } = explainLoginRefusal({
    error: reply.error,
    description: reply.description,
    clockAheadSeconds:
      reply.dateMs === undefined ? undefined : (options.now() - reply.dateMs) / 1000,
  });
  if (kind === 'transient') return `it answered ${said}. ${fix.replace(/\.$/, '')}`;
  throw new ProxyError(
    kind === 'rate' ? 'login_rate_exceeded' : 'login_rejected',
    `Salesforce refused the login of ${options.username} to org "${options.org}" at ${host(options)}: ${said}. ${fix}`,
  );
}

function host(options: LoginOptions): string {
  return new URL(options.tokenUrl).host;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ProxyError) return error.message.replace(/\.$/, '');
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !error.message.includes(code)
    ? `${code}: ${error.message}`
    : error.message;
}

/** Full jitter, against a herd of proxies that failed together. */
async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  const ms = Math.random() * firstPauseMs * 2 ** (attempt - 2);
  await sleep(ms, undefined, { signal }).catch(() => {});
}
