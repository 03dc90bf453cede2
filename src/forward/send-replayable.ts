// Sends a request that can be sent again, and does so once where Salesforce refused it for its session, or where the org has
// moved: a request that was refused so was not executed (salesforce-facts, sections 2 and 3).
import { ProxyError } from '../errors.ts';
import { type Api, needsSession } from '../salesforce/session-carrier.ts';
import { withSessionId } from '../salesforce/soap-body.ts';
import type { Session } from '../session/session.ts';
import type { CallTrace, Destination } from './client-call.ts';
import type { ClientPresence } from './client-presence.ts';
import { sendInReplayLane } from './replay-lane.ts';
import { requestHeaders } from './request-headers.ts';
import { type OnInformation, saysDeadSession, type UpstreamAnswer } from './upstream-answer.ts';

export interface Replayable {
  readonly requestId: string;
  readonly method: string;
  readonly target: string;
  readonly api: Api;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly declaresBody: boolean;
  readonly presence: ClientPresence;
  readonly trace: CallTrace;
  readonly onInformation?: OnInformation;
}

export interface Sent {
  readonly answer: UpstreamAnswer;
  readonly session: Session;
}

/** Salesforce Edge does not know where the org lives: facts, section 3. */
export const edgeHasNoRoute = 420;

/** @throws ProxyError `login_*`, `instance_forbidden` or `upstream_*` */
export async function sendReplayable(request: Replayable, to: Destination): Promise<Sent> {
  const { sessions } = to;
  const session =
    sessions.current ?? (await timed(request, sessions.acquire(request.presence.signal)));
  const sent = await sendToInstance(request, session, to);
  if (!(await saysDeadSession(sent.answer, request.api, request.method))) {
    noteProof(sent, request, to);
    return sent;
  }
  sessions.reject(sent.session, request.api, { willReplay: true });
  const fresh = await orDiscard(
    sent.answer,
    timed(request, sessions.acquire(request.presence.signal)),
  );
  // No other session is to be had: replaying would only repeat the answer, which is Salesforce's own.
  if (fresh === sent.session) return sent;
  sent.answer.discard();
  request.trace.replayed = true;
  const replayed = { answer: await sendWith(request, fresh, to), session: fresh };
  // Whatever it says goes to the client; the session manager is told, so that the next request may do better.
  if (await saysDeadSession(replayed.answer, request.api, request.method)) {
    sessions.reject(fresh, request.api, { willReplay: false });
  } else {
    noteProof(replayed, request, to);
    sessions.renewalHelped(request.api);
  }
  return replayed;
}

/** Salesforce has taken the session for this request. */
function noteProof({ answer, session }: Sent, { target, api }: Replayable, to: Destination): void {
  if (answer.status < 400 && needsSession(target)) to.sessions.prove(session, api);
}

/** Sends to the session's instance, or to where the org has moved if that instance is gone. */
async function sendToInstance(
  request: Replayable,
  session: Session,
  to: Destination,
): Promise<Sent> {
  let answer: UpstreamAnswer;
  try {
    answer = await sendWith(request, session, to);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    const moved = await to.sessions.relearn(session, request.presence.signal);
    if (moved === session) throw error;
    return { answer: await sendWith(request, moved, to), session: moved };
  }
  if (answer.status !== edgeHasNoRoute) return { answer, session };
  const moved = await orDiscard(answer, to.sessions.relearn(session, request.presence.signal));
  if (moved === session) return { answer, session };
  answer.discard();
  return { answer: await sendWith(request, moved, to), session: moved };
}

async function timed<T>({ trace }: Replayable, login: Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  try {
    return await login;
  } finally {
    trace.loginMs += performance.now() - startedAtMs;
  }
}

/** An answer that nobody will read keeps no connection. */
async function orDiscard<T>(answer: UpstreamAnswer, next: Promise<T>): Promise<T> {
  try {
    return await next;
  } catch (error) {
    answer.discard();
    throw error;
  }
}

export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof ProxyError &&
    !error.requestMayHaveArrived &&
    (error.code === 'upstream_unreachable' || error.code === 'upstream_timeout')
  );
}

function sendWith(request: Replayable, session: Session, to: Destination): Promise<UpstreamAnswer> {
  const { origin } = session.instance;
  return sendInReplayLane(to.upstream, {
    origin,
    method: request.method,
    target: request.target,
    headers: requestHeaders(request.rawHeaders, {
      api: request.api,
      host: hostOf(origin),
      token: session.token,
      requestId: request.requestId,
    }),
    body: request.api === 'soap' ? soapBody(request, session) : request.body,
    hasBody: request.declaresBody,
    presence: request.presence,
    trace: request.trace,
    onInformation: request.onInformation,
  });
}

function soapBody(request: Replayable, session: Session): Buffer {
  if (request.body.length === 0) return request.body;
  const body = withSessionId(request.body, request.target, session.token);
  if (body) return body;
  throw new ProxyError(
    'bad_request',
    'This SOAP request has no envelope in which the session can be put (a Body, and a SessionHeader in the usual form). It must be sent as plain UTF-8 XML or compressed by gzip or deflate.',
  );
}

export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}
