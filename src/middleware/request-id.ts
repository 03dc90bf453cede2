// One id for one request, in the client's log, ours and Salesforce's: the client's own if it is sane, else a new one.
import { randomUUID } from 'node:crypto';
import type { Middleware } from './call.ts';

// What stands in logs and headers unquoted; nothing that could be a session or an assertion has room in it.
const sane = /^[\w.:/+=@-]{1,128}$/;

export function requestId(): Middleware {
  return function requestId(call) {
    const given = call.incoming.headers['x-request-id'];
    call.requestId = typeof given === 'string' && sane.test(given) ? given : randomUUID();
    return undefined;
  };
}
