// Holds the request's body, if it fits: for the policy to judge, and for the replay lane to send again.
import type { MiddlewareHandler } from 'hono';
import { readReplayBody, unreadBody } from '../forward/replay-body.ts';
import { apiOf } from '../salesforce/session-carrier.ts';
import type { ProxyEnv } from './proxy-env.ts';

export function holdBody(limitBytes: number): MiddlewareHandler<ProxyEnv> {
  return async function holdBody(c, next) {
    const { incoming, outgoing } = c.env;
    const api = apiOf(c.var.target.path);
    // A CometD client polls for minutes and cannot be replayed: its state is in cookies and message ids.
    const isStreamed = api === 'cometd';
    c.set('api', api);
    c.set(
      'body',
      isStreamed
        ? unreadBody
        : // The session of a SOAP call is put into the beginning of its body.
          await readReplayBody(incoming, outgoing, limitBytes, api === 'soap'),
    );
    await next();
  };
}
