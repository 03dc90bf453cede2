// A client's logout ends at the proxy: `/services/oauth2/revoke` and SOAP `logout()`.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import {
  answerRevoke,
  answerSoapLogout,
  isSoapLogout,
  revokePath,
} from '../sign-in/session-guard.ts';
import type { ProxyEnv } from './proxy-env.ts';

/** Before the target is judged: the path is none that is proxied. */
export function revoke(): MiddlewareHandler<ProxyEnv> {
  return async function revoke(c, next) {
    if (c.env.incoming.url?.split('?', 1)[0] !== revokePath) return next();
    answerRevoke(c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  };
}

export function soapLogout(): MiddlewareHandler<ProxyEnv> {
  return async function soapLogout(c, next) {
    const { api, holdBody, target } = c.var;
    if (api !== 'soap' || !isSoapLogout((await holdBody()).bytes)) return next();
    answerSoapLogout(c.env.outgoing, target.path);
    return RESPONSE_ALREADY_SENT;
  };
}
