// One event a request, told when its answer has left or its connection is gone.
import type { MiddlewareHandler } from 'hono';
import type { ProxyError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { ClientGone } from '../forward/replay-body.ts';
import { redactTokens } from '../salesforce/redact.ts';
import { withoutQueryToken } from '../salesforce/session-carrier.ts';
import { asProxyError } from './error-response.ts';
import type { Org, ProxyEnv } from './proxy-env.ts';

export function accessLog(emit: Emit, logsQuery: boolean): MiddlewareHandler<ProxyEnv> {
  return async function accessLog(c, next) {
    const { incoming, outgoing } = c.env;
    const { socket, method = '', url = '' } = incoming;
    const startedAtMs = performance.now();
    const bytesBefore = socket.bytesWritten;
    await next();
    const tell = () => {
      const error = ownFailure(c.error);
      if (error?.code === 'internal') emit({ type: 'bug', error: error.cause });
      const { trace, client } = c.var;
      const org: Org | undefined = c.var.org;
      emit({
        type: 'request',
        requestId: c.var.requestId,
        method,
        // What has the shape of a secret is one that somebody has put in a wrong place.
        path: redactTokens(url.split('?', 1)[0] ?? ''),
        query: logsQuery ? queryOf(url) : undefined,
        org: org?.name,
        client: client?.name,
        status: outgoing.headersSent ? outgoing.statusCode : 0,
        bytes: socket.bytesWritten - bytesBefore,
        durationMs: performance.now() - startedAtMs,
        waitingMs: trace.waitingMs,
        loginMs: trace.loginMs,
        upstreamMs: trace.upstreamMs,
        replayed: trace.replayed,
        error,
        cut: !outgoing.writableFinished,
      });
    };
    if (outgoing.closed) tell();
    else outgoing.once('close', tell);
  };
}

/** A client that left is no failure of ours. */
function ownFailure(error: Error | undefined): ProxyError | undefined {
  return error === undefined || error instanceof ClientGone ? undefined : asProxyError(error);
}

function queryOf(target: string): string | undefined {
  const kept = withoutQueryToken(target);
  const at = kept.indexOf('?');
  return at === -1 ? undefined : redactTokens(kept.slice(at + 1));
}
