// The data listener: the whole URL map and the order of the middleware on one screen. Nothing behind `requestTarget` sees a
// target that was not judged, and nothing is repaired on the way.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { Emit } from './events.ts';
import { accessLog } from './middleware/access-log.ts';
import { clientConnection } from './middleware/client-connection.ts';
import { sendError } from './middleware/error-response.ts';
import { forward } from './middleware/forward.ts';
import { holdBody } from './middleware/hold-body.ts';
import type { Org, ProxyEnv } from './middleware/proxy-env.ts';
import { requestTarget } from './middleware/request-target.ts';
import { selectOrg } from './middleware/select-org.ts';
import { revoke, soapLogout } from './middleware/sign-out.ts';

export interface AppOptions {
  readonly defaultOrg: Org | undefined;
  readonly replayBodyLimitBytes: number;
  readonly emit: Emit;
  readonly now: () => number;
}

export function createApp(options: AppOptions): Hono<ProxyEnv> {
  // No routes: Hono would match a normalised path, and ours is judged on the bytes that arrived.
  return new Hono<ProxyEnv>()
    .use(accessLog(options.emit))
    .use(clientConnection())
    .use(revoke())
    .use(requestTarget())
    .use(selectOrg(options.defaultOrg))
    .use(holdBody(options.replayBodyLimitBytes))
    .use(soapLogout())
    .use(forward(options.now))
    .onError((error, c) => {
      sendError(c.env.incoming, c.env.outgoing, error);
      return RESPONSE_ALREADY_SENT;
    });
}
