// The data listener: the whole URL map and the order of the middleware on one screen. Nothing behind `requestTarget` sees a
// target that was not judged, and nothing is repaired on the way.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { Emit } from './events.ts';
import { accessLog } from './middleware/access-log.ts';
import { type ClientAuthOptions, clientAuth } from './middleware/client-auth.ts';
import { clientConnection } from './middleware/client-connection.ts';
import { revoke, soapSession } from './middleware/client-session.ts';
import { type Draining, draining } from './middleware/draining.ts';
import { sendError } from './middleware/error-response.ts';
import { forward } from './middleware/forward.ts';
import { holdBody } from './middleware/hold-body.ts';
import { hostGuard } from './middleware/host-guard.ts';
import { limits } from './middleware/limits.ts';
import { originGuard } from './middleware/origin-guard.ts';
import { plainRequest } from './middleware/plain-request.ts';
import { enforcePolicy } from './middleware/policy.ts';
import type { ProxyEnv } from './middleware/proxy-env.ts';
import { requestId } from './middleware/request-id.ts';
import { requestTarget } from './middleware/request-target.ts';
import { type SelectOrgOptions, selectOrg } from './middleware/select-org.ts';

export interface AppOptions extends ClientAuthOptions, SelectOrgOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly replayBodyLimitBytes: number;
  readonly draining: Draining;
  readonly logsQuery: boolean;
  readonly emit: Emit;
  readonly now: () => number;
}

export function createApp(options: AppOptions): Hono<ProxyEnv> {
  // No routes: Hono would match a normalised path, and ours is judged on the bytes that arrived.
  return new Hono<ProxyEnv>()
    .use(requestId())
    .use(clientConnection())
    .use(accessLog(options.emit, options.logsQuery))
    .use(draining(options.draining))
    .use(plainRequest())
    .use(hostGuard([...options.allowedHosts, ...options.byHost.keys()]))
    .use(originGuard(options.allowedOrigins))
    .use(revoke())
    .use(requestTarget())
    .use(holdBody(options.replayBodyLimitBytes))
    .use(clientAuth(options))
    .use(selectOrg(options))
    .use(enforcePolicy())
    .use(soapSession())
    .use(limits())
    .use(forward(options.now))
    .onError((error, c) => {
      const { incoming, outgoing } = c.env;
      const { requestId, corsHeaders = [] } = c.var;
      sendError(incoming, outgoing, error, ['x-request-id', requestId, ...corsHeaders]);
      return RESPONSE_ALREADY_SENT;
    });
}
