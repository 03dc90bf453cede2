// The way of one request through the org: which API it belongs to, whether its session is alive, and what is noted when it is
// executed. On a port that the instance has moved away from, API requests get that port's answer instead.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Api, ApiCall } from './api/api.ts';
import { createBulkV1 } from './api/bulk-v1.ts';
import { createCometd } from './api/cometd.ts';
import { createIdentity } from './api/identity.ts';
import { createRestApi } from './api/rest-api.ts';
import { createSoapApi } from './api/soap-api.ts';
import { ApiError } from './data/api-error.ts';
import type { RequestHandler } from './https-listener.ts';
import { answerRevokeRequest, answerTokenRequest } from './login/token-endpoint.ts';
import type { OrgState } from './org-state.ts';
import { RequestBody } from './request-body.ts';
import { errorReply, type Reply, sendReply, textReply } from './salesforce-response.ts';

/** How a port answers API requests: it is the instance, or what the instance left behind when it moved. */
export type InstanceMode = 'current' | 'edge-420' | 'refuse' | 'dead-session';

export interface PortRole {
  /** The token endpoint stays where the org was started. */
  readonly isLogin: boolean;
  mode: InstanceMode;
}

const loginEndpoints: Readonly<Record<string, typeof answerTokenRequest>> = {
  '/services/oauth2/token/': answerTokenRequest,
  '/services/oauth2/revoke/': answerRevokeRequest,
};

export function createGateway(org: OrgState): (role: PortRole) => RequestHandler {
  const rest = createRestApi(org);
  const identity = createIdentity(org);
  const apis: ReadonlyArray<readonly [prefix: string, api: Api]> = [
    ['/services/data/', rest],
    ['/services/apexrest/', rest],
    ['/services/async/', createBulkV1(org)],
    ['/services/Soap/', createSoapApi(org)],
    ['/services/oauth2/userinfo/', identity],
    ['/id/', identity],
    ['/cometd/', createCometd()],
  ];

  return (role) => (request, response) => {
    answer(role, request, response).catch((error: unknown) => fail(request, response, error));
  };

  async function answer(role: PortRole, request: IncomingMessage, response: ServerResponse) {
    const call = readCall(request);
    const path = `/${call.path.join('/')}/`;
    const loginEndpoint = loginEndpoints[path];
    if (loginEndpoint && role.isLogin) return loginEndpoint(org, request, response);
    const [, api] = apis.find(([prefix]) => path.startsWith(prefix)) ?? [];
    const mode = api === identity ? 'current' : role.mode;
    if (mode === 'refuse') request.socket.destroy();
    else await sendReply(request, response, await replyOf(api, call, mode));
  }

  async function replyOf(api: Api | undefined, call: ApiCall, mode: InstanceMode) {
    if (!api) return noSuchPage;
    return mode === 'edge-420' ? noRoute : execute(api, call, mode);
  }

  async function execute(api: Api, call: ApiCall, mode: InstanceMode): Promise<Reply> {
    const open = api.answerPublic?.(call);
    if (open) return open;
    const token = await api.readToken(call);
    if (token === undefined) return api.missingToken(call);
    const session = mode === 'current' ? org.sessions.use(token) : undefined;
    if (!session) {
      org.log.counts.refused += 1;
      return api.deadSession(call);
    }
    org.log.counts.requests += 1;
    org.usage.used += 1;
    const reply = await api.handle(call, session);
    await call.body.drain();
    org.log.addExecuted({
      method: call.method,
      path: call.target,
      username: session.user.username,
      bodySha256: call.body.sha256,
      bodyLength: call.body.length,
    });
    return reply;
  }
}

const noRoute = textReply(
  420,
  'text/plain;charset=UTF-8',
  "Salesforce Edge doesn't have routing information available for this request host.",
);

const noSuchPage = textReply(
  404,
  'text/html;charset=UTF-8',
  '<html><head><title>URL No Longer Exists</title></head><body>URL No Longer Exists</body></html>',
);

function readCall(request: IncomingMessage): ApiCall {
  const target = request.url ?? '/';
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  return {
    method: request.method ?? 'GET',
    target,
    path: path.split('/').filter(Boolean).map(decodeSegment),
    query: new URLSearchParams(queryAt === -1 ? '' : target.slice(queryAt + 1)),
    headers: request.headers,
    body: new RequestBody(request),
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError(400, 'INVALID_URL', 'The path is not percent-encoded correctly');
  }
}

/** An error of the client that no API claimed, or a bug of the simulator; a client that went away needs no answer. */
async function fail(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  if (response.headersSent || request.socket.destroyed) {
    response.destroy();
    return;
  }
  const known = error instanceof ApiError;
  const unknown = new ApiError(500, 'UNKNOWN_EXCEPTION', `An unexpected error occurred: ${error}`);
  await sendReply(request, response, errorReply(known ? error : unknown)).catch(() =>
    response.destroy(),
  );
}
