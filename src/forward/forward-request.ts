// The story of one request: the replay lane if its body is held, else the stream lane; then Salesforce's answer, as it came.
import { readApiUsage } from '../salesforce/api-usage.ts';
import type { ClientCall, Destination } from './client-call.ts';
import { relayInformation, relayResponse } from './relay-response.ts';
import { declaresBody } from './replay-body.ts';
import { type Sent, sendReplayable } from './send-replayable.ts';
import { type SentStream, sendStream } from './send-stream.ts';

export interface ForwardOptions {
  readonly now: () => number;
  /** The origin under which the client reached us. */
  readonly ownOrigin: string;
  /** For the web page that asks; then Salesforce's own word about origins does not count. */
  readonly corsHeaders: readonly string[] | undefined;
}

/**
 * Resolves when the answer is under way: its head is sent, and its body follows.
 * @throws ProxyError as long as nothing has been sent to the client; ClientGone where it has left
 */
export async function forwardRequest(
  call: ClientCall,
  to: Destination,
  options: ForwardOptions,
): Promise<void> {
  const { res, api } = call;
  const sent: Sent & Partial<SentStream> = call.body.isWhole
    ? await sendHeld(call, to)
    : await sendStream(call, to, options.now);
  const usage = readApiUsage(sent.answer.rawHeaders);
  if (usage) to.budget.note(usage);
  if (call.presence.reason) {
    // Nobody broke off but the client, which may have cost the answer its connection.
    sent.answer.discard();
    throw call.presence.reason;
  }
  relayResponse(sent.answer, res, {
    api,
    instanceOrigin: sent.session.instance.origin,
    ownOrigin: options.ownOrigin,
    requestId: call.requestId,
    corsHeaders: options.corsHeaders,
    ownHeaders: sent.sessionExpired ? ['x-proxy-error', 'session_expired_in_stream'] : [],
  });
}

function sendHeld(call: ClientCall, to: Destination): Promise<Sent> {
  const { requestId, req, res, api, target, body, presence, trace } = call;
  return sendReplayable(
    {
      requestId,
      method: req.method ?? 'GET',
      target,
      api,
      rawHeaders: req.rawHeaders,
      body: body.bytes,
      declaresBody: declaresBody(req),
      presence,
      trace,
      onInformation: (interim) => relayInformation(interim, res, api),
    },
    to,
  );
}
