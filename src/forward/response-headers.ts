// What comes back to the client of what Salesforce sent: everything, less what belongs to the connection to Salesforce or to
// its host name, and less any header that would hand over a session.
import { type Api, isSessionCookie } from '../salesforce/session-carrier.ts';
import { isHopByHop, namedByConnection } from './hop-by-hop.ts';

export interface ResponseHeadersOptions {
  readonly api: Api;
  /** The origin that answered. */
  readonly instanceOrigin: string;
  /** The origin under which the client reached us. */
  readonly ownOrigin: string;
  /** Ours, in the place of Salesforce's own; undefined: of neither. */
  readonly requestId: string | undefined;
  /** For the web page that asks; then Salesforce's own word about origins does not count. */
  readonly corsHeaders: readonly string[] | undefined;
}

// Both would bind the client's browser or library to Salesforce's host name, and not to ours.
const hostBound = new Set(['strict-transport-security', 'alt-svc']);
const mayHoldSession = new Set(['location', 'link', 'refresh', 'content-location']);
const holdsSession = /frontdoor\.jsp|[?&;](?:sid|oauth_token|access_token)=|00D\w{12,15}(?:!|%21)/i;

/** Flat name-value pairs, in the order and case in which they came. */
export function responseHeaders(
  rawHeaders: readonly string[],
  options: ResponseHeadersOptions,
): string[] {
  const named = namedByConnection(rawHeaders);
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    const lowerCase = name.toLowerCase();
    if (isHopByHop(lowerCase) || named?.has(lowerCase)) continue;
    if (isSalesforceOnly(lowerCase, value, options)) continue;
    headers.push(name, lowerCase === 'location' ? ownLocation(value, options) : value);
  }
  headers.push(...ownHeaders(options));
  return headers;
}

function ownHeaders({ requestId, corsHeaders = [] }: ResponseHeadersOptions): string[] {
  return [...(requestId === undefined ? [] : ['x-request-id', requestId]), ...corsHeaders];
}

function isSalesforceOnly(name: string, value: string, options: ResponseHeadersOptions): boolean {
  if (name === 'set-cookie') return options.api !== 'cometd' || isSessionCookie(value);
  if (name === 'x-request-id') return true;
  if (options.corsHeaders && name.startsWith('access-control-')) return true;
  return hostBound.has(name) || (mayHoldSession.has(name) && holdsSession.test(value));
}

/** A location on the instance becomes one on us; all other bytes stay, and so does every other location. */
function ownLocation(location: string, options: ResponseHeadersOptions): string {
  const origin = /^(?:https?:)?\/\/[^/?#\\]+/i.exec(location)?.[0];
  if (origin === undefined) return location;
  const isInstance = URL.parse(origin, options.instanceOrigin)?.origin === options.instanceOrigin;
  return isInstance ? options.ownOrigin + location.slice(origin.length) : location;
}
