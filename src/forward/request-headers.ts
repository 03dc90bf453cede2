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

const framing = ['content-length', 'expect'];
// `Origin` is judged here (middleware/origin-guard.ts); Salesforce would hold it against a list of its own.
const forwarding = ['forwarded', 'x-real-ip', 'host', 'origin', 'x-request-id'];

type Kind = 'plain' | 'dropped' | 'cookie' | 'encoding';

const kinds = new Map<string, Kind>([
  ...[...framing, ...carrierHeaders, ...forwarding].map((name) => [name, 'dropped'] as const),
  ['cookie', 'cookie'],
  ['content-encoding', 'encoding'],
]);

function kindOf(name: string): Kind {
  // Some servers read `X_SFDC_Session` or `X.SFDC.Session` as `X-SFDC-Session`: no spelling gets past us.
  const dashed = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  if (isHopByHop(dashed) || dashed.startsWith('x-forwarded-')) return 'dropped';
  return kinds.get(dashed) ?? 'plain';
}

export interface RequestHeadersOptions {
  readonly api: Api;
  /** `host[:port]` of the instance. */
  readonly host: string;
  readonly token: Secret;
  readonly requestId: string;
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
  const headers = ['Host', options.host, 'x-request-id', options.requestId];
  const carrier = sessionHeader(options.api, options.token);
  if (carrier) headers.push(...carrier);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (named?.has(name.toLowerCase())) continue;
    const passed = passedOn(kindOf(name), value, options.api);
    if (passed !== undefined) headers.push(name, passed);
  }
  return headers;
}

/** The value for Salesforce; undefined: none. */
function passedOn(kind: Kind, value: string, api: Api): string | undefined {
  switch (kind) {
    case 'plain':
      return value;
    case 'dropped':
      return undefined;
    case 'cookie':
      return api === 'cometd' ? withoutSessionCookie(value) : undefined;
    case 'encoding':
      // A SOAP body is sent plain, since the session is put into it: salesforce/soap-encoding.ts.
      return api === 'soap' ? undefined : value;
  }
}
