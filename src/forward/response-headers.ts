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
const hostBound = ['strict-transport-security', 'alt-svc'];
const mayHoldSession = ['link', 'refresh', 'content-location'];
const holdsSession = /frontdoor\.jsp|[?&;](?:sid|oauth_token|access_token)=|00D\w{12,15}(?:!|%21)/i;

type Kind = 'plain' | 'dropped' | 'cookie' | 'location' | 'link' | 'cors';

const kinds = new Map<string, Kind>([
  ...[...hostBound, 'x-request-id'].map((name) => [name, 'dropped'] as const),
  ...mayHoldSession.map((name) => [name, 'link'] as const),
  ['set-cookie', 'cookie'],
  ['location', 'location'],
]);

function kindOf(name: string): Kind {
  const lowerCaseName = name.toLowerCase();
  if (isHopByHop(lowerCaseName)) return 'dropped';
  if (lowerCaseName.startsWith('access-control-')) return 'cors';
  return kinds.get(lowerCaseName) ?? 'plain';
}

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
    if (named?.has(name.toLowerCase())) continue;
    const passed = passedOn(kindOf(name), value, options);
    if (passed !== undefined) headers.push(name, passed);
  }
  headers.push(...ownHeaders(options));
  return headers;
}

function ownHeaders({ requestId, corsHeaders = [] }: ResponseHeadersOptions): string[] {
  return [...(requestId === undefined ? [] : ['x-request-id', requestId]), ...corsHeaders];
}

/** The value for the client; undefined: none. */
function passedOn(kind: Kind, value: string, options: ResponseHeadersOptions): string | undefined {
  switch (kind) {
    case 'plain':
      return value;
    case 'dropped':
      return undefined;
    case 'cookie':
      return options.api === 'cometd' && !isSessionCookie(value) ? value : undefined;
    case 'cors':
      return options.corsHeaders ? undefined : value;
    case 'link':
      return holdsSession.test(value) ? undefined : value;
    case 'location':
      return holdsSession.test(value) ? undefined : ownLocation(value, options);
  }
}

/** A location on the instance becomes one on us; all other bytes stay, and so does every other location. */
function ownLocation(location: string, options: ResponseHeadersOptions): string {
  const origin = /^(?:https?:)?\/\/[^/?#\\]+/i.exec(location)?.[0];
  if (origin === undefined) return location;
  const isInstance = URL.parse(origin, options.instanceOrigin)?.origin === options.instanceOrigin;
  return isInstance ? options.ownOrigin + location.slice(origin.length) : location;
}
