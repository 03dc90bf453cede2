// Lets those behind it hold the request's body, if it fits: to know a SOAP client by it, to judge it, to send it again. It is
// read when the first of them asks, so that a request that is refused before has not been asked for its body.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ReplayBody, readReplayBody, unreadBody } from '../forward/replay-body.ts';
import type { Api } from '../salesforce/session-carrier.ts';
import { plainEnvelope } from '../salesforce/soap-encoding.ts';
import type { Middleware } from './call.ts';

export function holdBody(limitBytes: number): Middleware {
  return function holdBody(call) {
    const { api, incoming, outgoing } = call;
    let held: ReplayBody | Promise<ReplayBody> | undefined;
    call.holdBody = () => {
      held ??= hold(api, incoming, outgoing, limitBytes);
      return held;
    };
    return undefined;
  };
}

function hold(
  api: Api,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limitBytes: number,
): ReplayBody | Promise<ReplayBody> {
  if (api === 'soap') return holdEnvelope(incoming, outgoing, limitBytes);
  // A CometD client polls for minutes and cannot be replayed: its state is in cookies and message ids.
  if (api === 'cometd') return unreadBody;
  // The replay lane sends no trailers; only a chunked body has any.
  const { trailer, 'transfer-encoding': encoding } = incoming.headers;
  if (trailer !== undefined && encoding !== undefined) return unreadBody;
  return readReplayBody(incoming, outgoing, limitBytes);
}

/** The session of a SOAP call is put into the beginning of its body, so that must be read, and plain. */
async function holdEnvelope(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limitBytes: number,
): Promise<ReplayBody> {
  const body = await readReplayBody(incoming, outgoing, limitBytes, true);
  if (!body.isWhole) return body;
  const encoding = incoming.headers['content-encoding'];
  return { ...body, bytes: await plainEnvelope(body.bytes, encoding, limitBytes) };
}
