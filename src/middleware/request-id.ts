// One id for one request, in the client's log, ours and Salesforce's: the client's own if it is sane, else a new one.
import { randomUUID } from 'node:crypto';
import { redactTokens } from '../salesforce/redact.ts';
import type { Middleware } from './call.ts';

// What stands in logs and headers unquoted.
const sane = /^[\w.:/+=@-]{1,128}$/;

export function requestId(): Middleware {
  return function requestId(call) {
    const given = call.incoming.headers['x-request-id'];
    call.requestId = isSane(given) ? given : randomUUID();
    return undefined;
  };
}

/** What looks like a session, an assertion or a key is in a wrong place, and is passed on to nobody. */
function isSane(given: unknown): given is string {
  return typeof given === 'string' && sane.test(given) && redactTokens(given) === given;
}
