// What goes to Salesforce of what the client sent: its own headers, less those of its connection, its credentials and its
// tale of who forwarded it; plus the session. Raw pairs in and out, so that order, case and duplicates stay.
import type { Secret } from '../config/secret.ts';
import {
  type Api,
  carrierHeaders,
  sessionHeader,
  withoutSessionCookie,
} from '../salesforce/session-carrier.ts';
import { isHopByHop, namedByConnection } from './hop-by-hop.ts';

const framing = new Set(['content-length', 'expect']);
// A SOAP body is sent plain, since the session is put into it: salesforce/soap-encoding.ts.
const framingOfSoap = new Set([...framing, 'content-encoding']);
// `Origin` is judged here (middleware/origin-guard.ts); Salesforce would hold it against a list of its own.
const forwarding = new Set(['forwarded', 'x-real-ip', 'host', 'origin']);

export interface RequestHeadersOptions {
  readonly api: Api;
  /** `host[:port]` of the instance. */
  readonly host: string;
  readonly token: Secret;
}

/**
 * The headers to send, as flat name-value pairs. Framing (`Content-Length`, `Transfer-Encoding`) is not among them: the lane
 * that sends the body says how long it is.
 */
export function requestHeaders(
  rawHeaders: readonly string[],
  options: RequestHeadersOptions,
): string[] {
  const named = namedByConnection(rawHeaders);
  const headers = ['Host', options.host];
  const carrier = sessionHeader(options.api, options.token);
  if (carrier) headers.push(...carrier);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    const lowerCase = name.toLowerCase();
    if (options.api === 'cometd' && lowerCase === 'cookie') {
      const kept = withoutSessionCookie(value);
      if (kept !== undefined) headers.push(name, kept);
    } else if (!isFraming(lowerCase, options.api) && !isDropped(lowerCase, named)) {
      headers.push(name, value);
    }
  }
  return headers;
}

function isFraming(name: string, api: Api): boolean {
  return (api === 'soap' ? framingOfSoap : framing).has(name);
}

function isDropped(name: string, named: ReadonlySet<string> | undefined): boolean {
  if (isHopByHop(name) || named?.has(name)) return true;
  // Some servers read `X_SFDC_Session` as `X-SFDC-Session`: underscores do not smuggle a carrier past us.
  const dashed = name.includes('_') ? name.replaceAll('_', '-') : name;
  return carrierHeaders.has(dashed) || forwarding.has(dashed) || dashed.startsWith('x-forwarded-');
}
