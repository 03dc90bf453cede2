// What a client does to its session ends at the proxy: `/services/oauth2/revoke`, SOAP `logout()` and SOAP `login()`.
import { ProxyError } from '../errors.ts';
import { soapOperation } from '../salesforce/soap-body.ts';
import { answerRevoke, answerSoapLogout, revokePath } from '../sign-in/session-guard.ts';
import type { Call, Middleware, Outcome } from './call.ts';

/** Before the target is judged: the path is none that is proxied. */
export function revoke(): Middleware {
  return function revoke({ incoming, outgoing, requestId }) {
    const { url = '' } = incoming;
    if (!url.startsWith(revokePath) || url.split('?', 1)[0] !== revokePath) return undefined;
    outgoing.setHeader('x-request-id', requestId);
    answerRevoke(outgoing);
    return 'answered';
  };
}

export function soapSession(): Middleware {
  return function soapSession(call) {
    return call.api === 'soap' ? guardSession(call) : undefined;
  };
}

async function guardSession(call: Call): Promise<Outcome> {
  const operation = soapOperation((await call.holdBody()).bytes);
  // A password is a client's credential, and none travels upstream.
  if (operation === 'login') throw loginRefused();
  if (operation !== 'logout') return undefined;
  call.outgoing.setHeader('x-request-id', call.requestId);
  answerSoapLogout(call.outgoing, call.target.path);
  return 'answered';
}

function loginRefused(): ProxyError {
  return new ProxyError(
    'policy_denied',
    'SOAP login() is not forwarded, since it holds a password, and none is needed: the proxy logs in by itself. Call the API with any session id.',
  );
}
