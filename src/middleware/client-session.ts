// What a client does to its session ends at the proxy: `/services/oauth2/revoke`, SOAP `logout()` and SOAP `login()`.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import { soapOperation } from '../salesforce/soap-body.ts';
import { answerRevoke, answerSoapLogout, revokePath } from '../sign-in/session-guard.ts';
import type { ProxyEnv } from './proxy-env.ts';

/** Before the target is judged: the path is none that is proxied. */
export function revoke(): MiddlewareHandler<ProxyEnv> {
  return async function revoke(c, next) {
    if (c.env.incoming.url?.split('?', 1)[0] !== revokePath) return next();
    answerRevoke(c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  };
}

export function soapSession(): MiddlewareHandler<ProxyEnv> {
  return async function soapSession(c, next) {
    const { api, holdBody, target } = c.var;
    const operation = api === 'soap' ? soapOperation((await holdBody()).bytes) : undefined;
    // A password is a client's credential, and none travels upstream.
    if (operation === 'login') throw loginRefused();
    if (operation !== 'logout') return next();
    answerSoapLogout(c.env.outgoing, target.path);
    return RESPONSE_ALREADY_SENT;
  };
}

function loginRefused(): ProxyError {
  return new ProxyError(
    'policy_denied',
    'SOAP login() is not forwarded, since it holds a password, and none is needed: the proxy logs in by itself. Call the API with any session id.',
  );
}
