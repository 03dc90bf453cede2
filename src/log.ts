// The log: one line an event, JSON for machines and text for people, on stdout. The only redaction of log output that is
// not a type's own duty (config/secret.ts) is here.
import { type Logger, pino } from 'pino';
import { PinoPretty as pretty } from 'pino-pretty';
import { ProxyError } from './errors.ts';
import type { Event } from './events.ts';
import { redactTokens } from './salesforce/redact.ts';

export interface LogOptions {
  readonly level: string;
  /** `brief`: the message alone, for a screen that also holds instructions. */
  readonly format: 'json' | 'pretty' | 'brief';
}

type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  write(event: Event): void;
  setLevel(level: string): void;
}

export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const isBrief = options.format === 'brief';
  const logger =
    options.format === 'json'
      ? pino(settings)
      : pino(
          settings,
          pretty({ sync: true, ignore: 'type', singleLine: !isBrief, hideObject: isBrief }),
        );
  return {
    write: (event) => writeEvent(logger, event),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

function writeEvent(logger: Logger, event: Event): void {
  const { level, message } = describe(event);
  if (!logger.isLevelEnabled(level)) return;
  const facts: Record<string, unknown> = { ...event };
  if ('error' in event && event.error !== undefined) facts.error = readableError(event.error);
  else delete facts.error;
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value === 'string') facts[name] = redactTokens(value);
    if (typeof value === 'number') facts[name] = Math.round(value * 100) / 100;
  }
  logger[level](facts, redactTokens(message));
}

function describe(event: Event): { level: Level; message: string } {
  switch (event.type) {
    case 'listening':
      return { level: 'info', message: `listening on ${event.address}` };
    case 'admin_listening':
      return { level: 'info', message: `dashboard, metrics and probes at ${event.address}` };
    case 'admin_unavailable':
      return {
        level: 'warn',
        message: `no dashboard, metrics or probes: ${event.error.message}`,
      };
    case 'open_to_network':
      return {
        level: 'warn',
        message: `${event.address} can be reached from the network, and there are no clients with keys or certificates that keep others out: see access and clients in the configuration`,
      };
    case 'reloaded':
      return reloadedLine(event.needsRestart);
    case 'reload_refused':
      return {
        level: 'error',
        message: `the new configuration is refused, the old one goes on: ${event.error.message}`,
      };
    case 'stopped':
      return event.isClean
        ? { level: 'info', message: 'stopped' }
        : { level: 'warn', message: 'stopped, and requests in flight were cut' };
    case 'stopping':
      return { level: 'info', message: `${event.signal}: stopping` };
    case 'request':
      return {
        level: event.error && event.error.status >= 500 ? 'warn' : 'info',
        message: `${event.method} ${event.path} ${event.status}`,
      };
    case 'logged_in':
      return { level: 'info', message: `logged in to ${event.org} as ${event.username}` };
    case 'login_retry':
      return { level: 'warn', message: `login to ${event.org} tried again: ${event.why}` };
    case 'login_failed':
      return { level: 'error', message: event.error.message };
    case 'session_rejected':
      return { level: 'info', message: `the session of ${event.username} has ended; logging in` };
    case 'session_not_renewed':
      return { level: 'error', message: notRenewed[event.why] };
    case 'instance_moved':
      return { level: 'warn', message: `${event.org} has moved to ${event.to}` };
    case 'certificate':
      return certificateLine(event);
    case 'bug':
      return { level: 'error', message: 'a fault of the proxy itself' };
  }
}

function reloadedLine(needsRestart: readonly string[]): { level: Level; message: string } {
  if (needsRestart.length === 0) return { level: 'info', message: 'configuration reloaded' };
  const keys = needsRestart.join(', ');
  return {
    level: 'warn',
    message: `configuration reloaded, but ${keys} cannot change without a restart`,
  };
}

const notRenewed = {
  same_token:
    'Salesforce refused a session and then gave the same one again; its answers are passed on',
  dead_on_arrival: 'Salesforce refused a session that it had just given; its answers are passed on',
} as const;

function certificateLine(event: Extract<Event, { type: 'certificate' }>): {
  level: Level;
  message: string;
} {
  const { org, validTo, daysLeft } = event;
  if (event.standing === 'expired') {
    return { level: 'error', message: `the certificate of ${org} has expired on ${validTo}` };
  }
  const level = event.standing === 'expires_soon' ? 'warn' : 'info';
  return { level, message: `the certificate of ${org} expires on ${validTo}, in ${daysLeft} days` };
}

/** The error and its causes, without what a library may have attached to them (requests, headers, bodies). */
function readableError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: redactTokens(String(error)) };
  const { code } = error as { code?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    message: redactTokens(error.message),
    ...(!(error instanceof ProxyError) && { stack: redactTokens(error.stack ?? '') }),
    ...(error.cause !== undefined && { cause: readableError(error.cause) }),
  };
}
