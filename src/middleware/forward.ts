// The end of the chain: the request goes to Salesforce, and its answer to the client.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import { forwardRequest } from '../forward/forward-request.ts';
import { withoutQueryToken } from '../salesforce/session-carrier.ts';
import type { ProxyEnv } from './proxy-env.ts';

export function forward(now: () => number): MiddlewareHandler<ProxyEnv> {
  return async function forward(c) {
    const { incoming: req, outgoing: res } = c.env;
    const { requestId, org, client, target, api, holdBody, signal, trace, corsHeaders } = c.var;
    const body = await holdBody();
    const isTls = 'encrypted' in req.socket;
    await forwardRequest(
      { requestId, req, res, api, target: withoutQueryToken(target.raw), body, signal, trace },
      org.destination(client?.username),
      {
        now,
        ownOrigin: `${isTls ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`,
        corsHeaders,
      },
    );
    return RESPONSE_ALREADY_SENT;
  };
}
