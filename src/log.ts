// The log: one line an event, JSON for machines and text for people, on stdout. The only redaction of log output that is
// not a type's own duty (config/secret.ts) is here.
import { pino } from 'pino';
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

/** Lines of requests may wait for company, this long and up to this many characters; all others are written at once. */
const flushMs = 100;
const bufferLength = 8 * 1024;

export async function createLog({ level, format }: LogOptions): Promise<Log> {
  const output = format === 'json' ? jsonOutput() : await prettyOutput(format);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: timestamps(),
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { error: readableError },
    },
    { write: (line: string) => output.write(redactTokens(line)) },
  );
  return {
    write: (event) => {
      const { level, message } = describe(event);
      logger[level](event, message);
      if (event.type !== 'request') output.flush();
    },
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

/** Requests are told in crowds, most of them within one millisecond: it is written once. */
function timestamps(): () => string {
  let writtenMs = 0;
  let written = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== writtenMs) {
      writtenMs = nowMs;
      written = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return written;
  };
}

interface Output {
  write(line: string): void;
  flush(): void;
}

/** Fewer and larger writes, of which none is lost unless the process is killed. */
function jsonOutput(): Output {
  const stdout = pino.destination({ fd: 1, sync: true });
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines !== '') stdout.write(lines);
    lines = '';
  };
  process.once('exit', flush);
  return {
    write: (line) => {
      lines += line;
      if (lines.length >= bufferLength) flush();
      else timer ??= setTimeout(flush, flushMs).unref();
    },
    flush,
  };
}

/** For people: loaded where there are some. */
async function prettyOutput(format: 'pretty' | 'brief'): Promise<Output> {
  const { PinoPretty: pretty } = await import('pino-pretty');
  const isBrief = format === 'brief';
  const stdout = pretty({
    sync: true,
    ignore: 'type',
    singleLine: !isBrief,
    hideObject: isBrief,
  });
  return { write: (line) => stdout.write(line), flush: () => {} };
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
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    message: error.message,
    ...(!(error instanceof ProxyError) && { stack: error.stack ?? '' }),
    ...(error.cause !== undefined && { cause: readableError(error.cause) }),
  };
}
