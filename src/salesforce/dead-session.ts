// Is this answer a dead session? One table of how each API says it, and of what only looks like it. Salesforce sends no
// expiry, so these answers are the only sign there is. Sources: salesforce-facts, section 2, "What expiry looks like"
// and "401/403 that must NOT trigger refresh".
import type { Api } from './session-carrier.ts';

interface Dialect {
  readonly status: number;
  readonly apis: readonly Api[];
  /** What the body holds, JSON or XML. */
  readonly says: RegExp;
}

const dialects: readonly Dialect[] = [
  // An array or a bare object in JSON; <errorCode> in XML. A quoted copy inside a message has `\"` before the colon.
  {
    status: 401,
    apis: ['rest', 'identity', 'bulk1', 'cometd'],
    says: /"errorCode"\s*:\s*"INVALID_SESSION_ID"|<(?:[\w.-]+:)?errorCode>\s*INVALID_SESSION_ID\s*</,
  },
  {
    status: 400,
    apis: ['bulk1'],
    says: /"exceptionCode"\s*:\s*"InvalidSessionId"|<(?:[\w.-]+:)?exceptionCode>\s*InvalidSessionId\s*</,
  },
  // SOAP 1.1 has faultcode, SOAP 1.2 Code/Value; the prefix is the server's choice.
  {
    status: 500,
    apis: ['soap'],
    says: /<(?:[\w.-]+:)?(?:faultcode|Value|exceptionCode)(?:\s[^<>]*)?>\s*(?:[\w.-]+:)?INVALID_SESSION_ID\s*</,
  },
  { status: 403, apis: ['identity'], says: /^\s*"?Bad_OAuth_Token\b/ },
  // Bayeux: an answer is a list of messages, and its status says nothing. `403::` and `503::` are no dead sessions.
  { status: 200, apis: ['cometd'], says: /"(?:error|failureReason)"\s*:\s*"401::/ },
];

// These carry errorCode INVALID_SESSION_ID too, but no new session mends them: logging in again would never end.
const notMendedByLogin =
  /This session is not valid for use with the REST API|Connected app is not attached to Agent|BlackTab users cannot perform API operations/i;

/** Cheap: can an answer with this status be a dead session at all, so that its body is worth a look? */
export function mayBeDeadSession(api: Api, status: number): boolean {
  return dialects.some((dialect) => dialect.status === status && dialect.apis.includes(api));
}

/**
 * @param body the decoded beginning of the body: a marker beyond it does not count. Undefined: a HEAD was answered, which
 * has none, so that its 401 must count by itself
 */
export function isDeadSession(api: Api, status: number, body: string | undefined): boolean {
  if (body === undefined) return status === 401 && mayBeDeadSession(api, status);
  const said = dialects.some(
    (dialect) => dialect.status === status && dialect.apis.includes(api) && dialect.says.test(body),
  );
  return said && !notMendedByLogin.test(body);
}
