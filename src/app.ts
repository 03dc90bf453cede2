// The data listener: the whole URL map and the order of the middleware on one screen. Nothing behind `requestTarget` sees a
// target that was not judged, and nothing is repaired on the way.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { Emit } from './events.ts';
import { accessLog } from './middleware/access-log.ts';
import { Call, type Middleware, type ProxyBindings } from './middleware/call.ts';
import { type ClientAuthOptions, clientAuth } from './middleware/client-auth.ts';
import { clientConnection } from './middleware/client-connection.ts';
import { revoke, soapSession } from './middleware/client-session.ts';
import { type Draining, draining } from './middleware/draining.ts';
import { sendError } from './middleware/error-response.ts';
import { forward } from './middleware/forward.ts';
import { holdBody } from './middleware/hold-body.ts';
import { hostGuard } from './middleware/host-guard.ts';
import { limits } from './middleware/limits.ts';
import type { OpenCalls } from './middleware/open-calls.ts';
import { originGuard } from './middleware/origin-guard.ts';
import { plainRequest } from './middleware/plain-request.ts';
import { enforcePolicy } from './middleware/policy.ts';
import { requestId } from './middleware/request-id.ts';
import { requestTarget } from './middleware/request-target.ts';
import { type SelectOrgOptions, selectOrg } from './middleware/select-org.ts';

export interface AppOptions extends ClientAuthOptions, SelectOrgOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly replayBodyLimitBytes: number;
  readonly openCalls: OpenCalls;
  readonly draining: Draining;
  readonly logsQuery: boolean;
  readonly emit: Emit;
  readonly now: () => number;
}

export interface ProxyEnv {
  Bindings: ProxyBindings;
}

export function createApp(options: AppOptions): Hono<ProxyEnv> {
  const middleware: readonly Middleware[] = [
    requestId(),
    accessLog(options.emit, options.logsQuery),
    clientConnection(options.openCalls),
    draining(options.draining),
    plainRequest(),
    hostGuard([...options.allowedHosts, ...options.byHost.keys()]),
    originGuard(options.allowedOrigins),
    revoke(),
    requestTarget(),
    holdBody(options.replayBodyLimitBytes),
    clientAuth(options),
    selectOrg(options),
    enforcePolicy(),
    soapSession(),
    limits(),
    forward(options.now),
  ];
  // One route: Hono would match a normalised path, and ours is judged on the bytes that arrived. And no chain of Hono's own:
  // most of these have nothing to wait for, and each would cost a promise (docs/performance.md).
  return new Hono<ProxyEnv>().all('*', (c) => answer(new Call(c.env), middleware));
}

async function answer(call: Call, middleware: readonly Middleware[]): Promise<Response> {
  try {
    for (const step of middleware) {
      const outcome = step(call);
      if (outcome !== undefined && (await outcome) === 'answered') break;
    }
  } catch (error) {
    call.error = error;
    const { incoming, outgoing, requestId, corsHeaders = [] } = call;
    sendError(incoming, outgoing, error, ['x-request-id', requestId, ...corsHeaders]);
  } finally {
    call.handled();
  }
  return RESPONSE_ALREADY_SENT;
}
