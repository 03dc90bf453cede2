// /cometd/XX.0: just enough Bayeux to shake hands, subscribe, and hold a long poll that ends empty. A dead session is HTTP 200 here,
// and said in the messages. Authority: Streaming API Developer Guide; salesforce-facts.md section 2.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../data/api-error.ts';
import { errorReply, jsonReply, type Reply } from '../salesforce-response.ts';
import { type Api, type ApiCall, readAuthorization } from './api.ts';
import { parseJson, requireObject } from './rest-call.ts';

/** Salesforce holds a connect for 110 s; a test asks for less with `advice.timeout`. */
const longPollMs = 110_000;

type Message = Readonly<Record<string, unknown>>;

export function createCometd(): Api {
  return {
    readToken: readAuthorization,
    missingToken: (call) => refuse(call, '401::Request requires authentication'),
    deadSession: (call) => refuse(call, '401::Authentication invalid'),
    handle: async (call) => {
      try {
        const messages = await readMessages(call);
        return jsonReply(200, await Promise.all(messages.map(answer)), cookie());
      } catch (error) {
        if (error instanceof ApiError) return errorReply(error);
        throw error;
      }
    },
  };
}

async function answer(message: Message): Promise<Message> {
  const { channel, id, clientId } = message;
  const acknowledged = { channel, ...(id === undefined ? {} : { id }), successful: true };
  if (channel === '/meta/handshake') {
    return {
      ...acknowledged,
      version: '1.0',
      minimumVersion: '1.0',
      clientId: randomBytes(16).toString('hex'),
      supportedConnectionTypes: ['long-polling'],
      advice: { reconnect: 'retry', interval: 0, timeout: longPollMs },
    };
  }
  if (channel === '/meta/connect') {
    const { timeout } = requireObject(message.advice ?? {});
    const waitMs = typeof timeout === 'number' ? timeout : longPollMs;
    await sleep(waitMs, undefined, { ref: false });
    return { ...acknowledged, clientId };
  }
  return { ...acknowledged, clientId, subscription: message.subscription };
}

async function refuse(call: ApiCall, reason: string): Promise<Reply> {
  const messages = await readMessages(call);
  return jsonReply(
    200,
    messages.map(({ channel, id }) => {
      const failed = { channel, ...(id === undefined ? {} : { id }), successful: false };
      const advice = { reconnect: 'none', interval: 0 };
      if (channel !== '/meta/handshake') return { ...failed, error: reason, advice };
      const ext = { sfdc: { failureReason: reason } };
      return { ...failed, error: '403::Handshake denied', ext, advice };
    }),
  );
}

async function readMessages({ body }: ApiCall): Promise<Message[]> {
  const json = parseJson(await body.text());
  return [json].flat().map(requireObject);
}

/** CometD's state is bound to a cookie per client. */
function cookie(): Record<string, string> {
  return { 'Set-Cookie': `BAYEUX_BROWSER=${randomBytes(8).toString('hex')}; path=/cometd; secure` };
}
