// Sends a request whose body is piped once and cannot be sent again. So the session is proven fresh before a byte of it
// goes; should it die all the same, the client is told by a mark, and the next try has a new session.
import { ProxyError } from '../errors.ts';
import { sessionProbePath } from '../salesforce/session-carrier.ts';
import { withSessionId } from '../salesforce/soap-body.ts';
import type { Session } from '../session/session.ts';
import type { CallTrace, ClientCall, Destination } from './client-call.ts';
import { relayInformation } from './relay-response.ts';
import { askForBody, declaresBody } from './replay-body.ts';
import { requestHeaders } from './request-headers.ts';
import {
  edgeHasNoRoute,
  hostOf,
  isUnreachable,
  type Sent,
  sendReplayable,
} from './send-replayable.ts';
import { saysDeadSession, type UpstreamAnswer } from './upstream-answer.ts';

/** How long an accepted session counts as fresh. */
const freshMs = 60_000;

export interface SentStream extends Sent {
  /** The session died although it was fresh: the answer is Salesforce's, and the client should try again. */
  readonly sessionExpired: boolean;
}

/** @throws ProxyError `login_*`, `instance_forbidden` or `upstream_*` */
export async function sendStream(
  call: ClientCall,
  to: Destination,
  now: () => number,
): Promise<SentStream> {
  const session = await freshSession(call, to, now);
  const begin = call.api === 'soap' ? soapBeginning(call, session) : call.body.bytes;
  if (begin.length > 0) call.req.unshift(begin);
  if (!call.body.isAskedFor) askForBody(call.req, call.res);
  const framing = bodyFraming(call, begin.length - call.body.bytes.length);
  const sent = await sendToInstance(call, session, framing, to);
  const sessionExpired = await saysDeadSession(sent.answer, call.api);
  if (sessionExpired) {
    to.sessions.reject(sent.session, call.api, { willReplay: false });
    to.sessions.acquire().catch(() => {});
  } else if (sent.answer.status === edgeHasNoRoute) {
    // Too late for this body; the next try goes to where the org has moved.
    to.sessions.relearn(sent.session).catch(() => {});
  } else if (sent.answer.status < 400) {
    to.sessions.prove(sent.session, call.api);
  }
  return { ...sent, sessionExpired };
}

/** A session that Salesforce accepted within the last minute: if need be, asked by the cheapest call there is. */
async function freshSession(
  call: ClientCall,
  to: Destination,
  now: () => number,
): Promise<Session> {
  const { current } = to.sessions;
  if (current && now() - current.provenAtMs <= freshMs) return current;
  const probe: CallTrace = { replayed: false, waitingMs: 0, loginMs: 0, upstreamMs: undefined };
  const { answer, session } = await sendReplayable(
    {
      requestId: call.requestId,
      method: 'GET',
      target: sessionProbePath,
      api: 'rest',
      rawHeaders: ['Accept', 'application/json'],
      body: Buffer.alloc(0),
      declaresBody: false,
      presence: call.presence,
      trace: probe,
    },
    to,
  );
  call.trace.loginMs = probe.loginMs;
  answer.discard();
  return session;
}

async function sendToInstance(
  call: ClientCall,
  session: Session,
  framing: Record<string, string>,
  to: Destination,
): Promise<Sent> {
  try {
    return { answer: await pipe(call, session, framing, to), session };
  } catch (error) {
    // No connection, so nothing of the body has been read: it can go to where the org has moved.
    if (!isUnreachable(error)) throw error;
    const moved = await to.sessions.relearn(session, call.presence.signal);
    if (moved === session) throw error;
    return { answer: await pipe(call, moved, framing, to), session: moved };
  }
}

async function pipe(
  call: ClientCall,
  session: Session,
  framing: Record<string, string>,
  to: Destination,
): Promise<UpstreamAnswer> {
  const { req, res, api, target, presence } = call;
  const { origin } = session.instance;
  const startedAtMs = performance.now();
  const answer = await to.streamLane.send({
    req,
    res,
    upstream: to.upstream,
    origin,
    target,
    headers: requestHeaders(req.rawHeaders, {
      api,
      host: hostOf(origin),
      token: session.token,
      requestId: call.requestId,
    }),
    framing,
    responseTimeoutMs: to.responseTimeoutMs,
    signal: presence.signal,
    onInformation: (interim) => relayInformation(interim, res, api),
  });
  call.trace.upstreamMs = performance.now() - startedAtMs;
  return answer;
}

/**
 * How long the body is, always said: Node's client sends the body of a GET, DELETE or OPTIONS with no framing at all unless
 * told, and the next hop would take it for a request (nodejs/node issue 27880).
 */
function bodyFraming({ req }: ClientCall, lengthChange: number): Record<string, string> {
  const length = req.headers['content-length'];
  if (length !== undefined) return { 'content-length': String(Number(length) + lengthChange) };
  return declaresBody(req) ? { 'transfer-encoding': 'chunked' } : {};
}

function soapBeginning(call: ClientCall, session: Session): Buffer {
  const begin = withSessionId(call.body.bytes, call.target, session.token);
  if (begin) return begin;
  throw new ProxyError(
    'body_too_large',
    'A SOAP request above upstream.replay_body_limit must be plain UTF-8 XML, with its Header or Body within that limit.',
  );
}
