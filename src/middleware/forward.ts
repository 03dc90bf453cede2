// The end of the chain: the request goes to Salesforce, and its answer to the client.
import { forwardRequest } from '../forward/forward-request.ts';
import { withoutQueryToken } from '../salesforce/session-carrier.ts';
import type { Middleware, Outcome } from './call.ts';

export function forward(now: () => number): Middleware {
  return async function forward(call): Promise<Outcome> {
    const { requestId, org, client, api, presence, trace, corsHeaders } = call;
    const { incoming: req, outgoing: res } = call;
    const target = withoutQueryToken(call.target.raw);
    const body = await call.holdBody();
    const isTls = 'encrypted' in req.socket;
    await forwardRequest(
      { requestId, req, res, api, target, body, presence, trace },
      client?.username === undefined ? org.destination : org.destinationAs(client.username),
      {
        now,
        ownOrigin: `${isTls ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`,
        corsHeaders,
      },
    );
    return 'answered';
  };
}
