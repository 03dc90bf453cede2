// Only a plain path is proxied: what is judged here is, byte for byte, what is forwarded.
import { parseRequestTarget } from '../policy/request-target.ts';
import { apiOf } from '../salesforce/session-carrier.ts';
import type { Middleware } from './call.ts';

export function requestTarget(): Middleware {
  return function requestTarget(call) {
    call.target = parseRequestTarget(call.incoming.url ?? '');
    call.api = apiOf(call.target.path);
    return undefined;
  };
}
