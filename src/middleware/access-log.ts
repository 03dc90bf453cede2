// One event a request, told when it is over.
import type { ProxyError } from '../errors.ts';
import type { Emit, RequestEvent } from '../events.ts';
import { ClientGone } from '../forward/client-presence.ts';
import { redactTokens } from '../salesforce/redact.ts';
import { withoutQueryToken } from '../salesforce/session-carrier.ts';
import type { Call, Middleware } from './call.ts';
import { asProxyError } from './error-response.ts';
import type { Org } from './org-and-client.ts';

export function accessLog(emit: Emit, logsQuery: boolean): Middleware {
  return function accessLog(call) {
    const startedAtMs = performance.now();
    const bytesBefore = call.incoming.socket.bytesWritten;
    call.whenOver(() => {
      const error = ownFailure(call.error);
      if (error?.code === 'internal') emit({ type: 'bug', error: error.cause });
      emit(requestEvent(call, { error, startedAtMs, bytesBefore, logsQuery }));
    });
    return undefined;
  };
}

interface EventFacts {
  readonly error: ProxyError | undefined;
  readonly startedAtMs: number;
  readonly bytesBefore: number;
  readonly logsQuery: boolean;
}

function requestEvent(call: Call, facts: EventFacts): RequestEvent {
  const { incoming, outgoing, trace, client } = call;
  const { url = '', method = '', socket } = incoming;
  const org: Org | undefined = call.org;
  const mark = url.indexOf('?');
  return {
    type: 'request',
    requestId: call.requestId,
    method,
    // What has the shape of a secret is one that somebody has put in a wrong place.
    path: redactTokens(mark === -1 ? url : url.slice(0, mark)),
    query: facts.logsQuery ? queryOf(url) : undefined,
    org: org?.name,
    client: client?.name,
    status: outgoing.headersSent ? outgoing.statusCode : 0,
    bytes: socket.bytesWritten - facts.bytesBefore,
    durationMs: rounded(performance.now() - facts.startedAtMs),
    waitingMs: rounded(trace.waitingMs),
    loginMs: rounded(trace.loginMs),
    upstreamMs: trace.upstreamMs && rounded(trace.upstreamMs),
    replayed: trace.replayed,
    error: facts.error,
    cut: !outgoing.writableFinished,
  };
}

/** To 10 µs. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** A client that left is no failure of ours. */
function ownFailure(error: unknown): ProxyError | undefined {
  return error === undefined || error instanceof ClientGone ? undefined : asProxyError(error);
}

function queryOf(target: string): string | undefined {
  const kept = withoutQueryToken(target);
  const at = kept.indexOf('?');
  return at === -1 ? undefined : redactTokens(kept.slice(at + 1));
}
