// /services/apexrest/echo/**: an Apex REST service that answers with what it was sent. Bodies of any size are hashed, never held;
// the session is not echoed, so that a caller behind a proxy cannot learn it.
// `?delayMs=` answers later, `?status=` with another status.

import { setTimeout as sleep } from 'node:timers/promises';
import { notFound } from '../data/api-error.ts';
import type { Session } from '../login/sessions.ts';
import { jsonReply, type Reply } from '../salesforce-response.ts';
import type { ApiCall } from './api.ts';

export async function answerApexEcho(call: ApiCall, session: Session): Promise<Reply> {
  if (call.path[2] !== 'echo') throw notFound('Could not find a match for URL');
  await call.body.drain();
  const delayMs = Number(call.query.get('delayMs') ?? 0);
  if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
  const headers = Object.entries(call.headers).map(([name, value]) => [
    name,
    String(value).replaceAll(session.token, '<session>'),
  ]);
  return jsonReply(Number(call.query.get('status') ?? 200), {
    method: call.method,
    path: call.target,
    headers: Object.fromEntries(headers),
    username: session.user.username,
    bodyLength: call.body.length,
    bodySha256: call.body.sha256,
  });
}
