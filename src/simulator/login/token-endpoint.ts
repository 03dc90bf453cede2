// POST /services/oauth2/token and /services/oauth2/revoke. Authority: RFC 7523, and salesforce-facts.md sections 1 and 2.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrgState } from '../org-state.ts';
import { RequestBody } from '../request-body.ts';
import { jsonReply, type Reply, sendReply, textReply } from '../salesforce-response.ts';
import { decideLogin, type Refusal, refusals } from './login-decision.ts';
import type { TokenFault } from './token-faults.ts';

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
const maintenancePage =
  '<!DOCTYPE html><html><head><title>Data Not Available</title></head><body><h1>Data Not Available</h1><p>The data you were trying to access could not be found. It may be due to another user deleting the data or a system error.</p></body></html>';

export async function answerTokenRequest(
  org: OrgState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  org.log.counts.tokenRequests += 1;
  const fault = org.tokenFaults.take();
  const parameters = await readParameters(request);
  if (fault.delayMs) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault.mode === 'hang') return;
  if (fault.mode === 'reset') {
    request.socket.destroy();
    return;
  }
  const reply = fault.mode === 'ok' ? exchange(org, request, parameters) : faultReply(fault);
  await sendReply(request, response, reply);
}

export async function answerRevokeRequest(
  org: OrgState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = (await readParameters(request)).get('token') ?? '';
  const reply = org.sessions.end(token)
    ? textReply(200, 'text/plain;charset=UTF-8', '')
    : textReply(
        400,
        'application/x-www-form-urlencoded;charset=UTF-8',
        'error=invalid_token&error_description=invalid+token%3A+token+not+found',
      );
  await sendReply(request, response, reply);
}

function exchange(org: OrgState, request: IncomingMessage, parameters: URLSearchParams): Reply {
  if (request.method !== 'POST') return jsonReply(400, refusals.unsupportedGrantType, noStore);
  const decision = decide(org, parameters);
  if ('refusal' in decision) return jsonReply(400, decision.refusal, noStore);
  const { user, app } = decision;
  const { loginOrigin, instanceOrigin, announcedInstanceUrl } = org.location;
  org.log.counts.exchanges += 1;
  return jsonReply(
    200,
    {
      access_token: org.sessions.login(user, app),
      scope: app.scopes.join(' '),
      instance_url: announcedInstanceUrl ?? instanceOrigin,
      id: `${loginOrigin}/id/${org.info.id18}/${user.id}`,
      token_type: 'Bearer',
    },
    noStore,
  );
}

function decide(org: OrgState, parameters: URLSearchParams) {
  if (parameters.get('grant_type') !== jwtBearer) return { refusal: refusals.unsupportedGrantType };
  return decideLogin(parameters.get('assertion') ?? '', {
    directory: org.directory,
    strictExp: org.strictExp,
    now: org.now,
    loginOrigin: org.location.loginOrigin,
    isWithinRateLimit: (user) => org.loginRate.count(user),
  });
}

/** Salesforce takes the query string as well as the form. */
async function readParameters(request: IncomingMessage): Promise<URLSearchParams> {
  const query = (request.url ?? '').split('?').slice(1).join('?');
  const form = await new RequestBody(request).text();
  return new URLSearchParams([query, form].filter(Boolean).join('&'));
}

function faultReply(fault: TokenFault): Reply {
  const headers = { ...noStore, ...fault.headers };
  const bodies: Record<string, string> = {
    html: maintenancePage,
    empty: '',
    garbled: '{"access_token":"00D',
  };
  const canned = fault.body ?? bodies[fault.mode];
  if (canned === undefined) return jsonReply(fault.status ?? 400, refusalOf(fault), headers);
  const contentType = fault.mode === 'html' ? 'text/html;charset=UTF-8' : 'application/json';
  return { status: fault.status ?? 200, contentType, headers, body: canned };
}

function refusalOf(fault: TokenFault): Refusal {
  return {
    error: fault.error ?? 'unknown_error',
    error_description: fault.error_description ?? 'retry your request',
  };
}
