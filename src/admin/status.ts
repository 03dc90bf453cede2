// What `/api/status` says, and the dashboard shows: plain data without secrets.
import type { ProxyError } from '../errors.ts';
import type { OrgStatus, UserStatus } from '../org.ts';
import { redactTokens } from '../salesforce/redact.ts';
import type { Activity, ClientActivity } from './activity.ts';
import type { Readiness } from './health.ts';

export interface StatusSource {
  readonly version: string;
  readonly startedAtMs: number;
  readonly readiness: () => Readiness;
  readonly orgs: () => readonly OrgStatus[];
  readonly activity: Activity;
  readonly now: () => number;
}

export type StatusJson = ReturnType<typeof readStatus>;
export type OrgJson = StatusJson['orgs'][number];
export type UserJson = OrgJson['users'][number];
export type ClientJson = StatusJson['clients'][number];

export function readStatus(source: StatusSource) {
  const nowMs = source.now();
  const { reloadedAtMs, needsRestart, refused } = source.activity.configuration;
  return {
    version: source.version,
    now: isoTime(nowMs),
    startedAt: isoTime(source.startedAtMs),
    readiness: source.readiness(),
    configuration: {
      reloadedAt: reloadedAtMs === undefined ? null : isoTime(reloadedAtMs),
      needsRestart,
      refused: refused
        ? { at: isoTime(refused.atMs), message: redactTokens(refused.message) }
        : null,
    },
    orgs: source.orgs().map(orgJson),
    clients: source.activity.clients().map(clientJson),
  };
}

export function orgJson(status: OrgStatus) {
  const { name, users, inFlight, queued, apiUsage, apiUsageStopPercent, certificate } = status;
  return {
    name,
    inFlight,
    queued,
    apiUsage: apiUsage ? { ...apiUsage, stopPercent: apiUsageStopPercent } : null,
    certificate: certificate
      ? {
          standing: certificate.standing,
          daysLeft: certificate.daysLeft,
          validTo: isoTime(certificate.validToMs),
        }
      : null,
    users: users.map(userJson),
  };
}

function userJson({ username, state, instance, ageMs, lastLoginAtMs, error }: UserStatus) {
  return {
    username,
    state,
    instance: instance ?? null,
    ageSeconds: ageMs === undefined ? null : Math.floor(ageMs / 1000),
    lastLoginAt: lastLoginAtMs === undefined ? null : isoTime(lastLoginAtMs),
    error: error ? errorJson(error) : null,
  };
}

function clientJson({ name, requests, errors, lastAtMs }: ClientActivity) {
  return { name, requests, errors, lastRequestAt: isoTime(lastAtMs) };
}

/** The message says what to do. */
function errorJson({ code, message }: ProxyError) {
  return { code, message: redactTokens(message) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
