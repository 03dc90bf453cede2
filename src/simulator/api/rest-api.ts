// The REST API: /services/data/** and /services/apexrest/**. Its session is in `Authorization`, its errors are a JSON array.
// Authority: REST API Developer Guide; salesforce-facts.md sections 2 and 4.

import { ApiError } from '../data/api-error.ts';
import type { Session } from '../login/sessions.ts';
import type { OrgState } from '../org-state.ts';
import { errorReply, jsonReply, type Reply } from '../salesforce-response.ts';
import { answerApexEcho } from './apex-echo.ts';
import { type Api, type ApiCall, readAuthorization } from './api.ts';
import { deprecationHeaders, listVersions, parseVersion } from './api-version.ts';
import { downloadBlob, isBlobPath } from './blob-download.ts';
import { createBulkV2 } from './bulk-v2.ts';
import { parseJson, type RestReply } from './rest-call.ts';
import { createRestResources } from './rest-resources.ts';

const maxUriLength = 16_384;
const missingHeader = new ApiError(401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE');
const deadSession = new ApiError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
const noApiScope = new ApiError(
  401,
  'INVALID_SESSION_ID',
  'This session is not valid for use with the REST API',
);

export function createRestApi(org: OrgState): Api {
  const resources = createRestResources(org);
  const bulkV2 = createBulkV2(org);

  async function answer(call: ApiCall, session: Session): Promise<Reply> {
    if (call.target.length > maxUriLength) {
      throw new ApiError(
        414,
        'URI_TOO_LONG',
        'The length of the URI exceeds the 16,384 byte limit',
      );
    }
    if (!session.scopes.some((scope) => scope === 'api' || scope === 'full')) throw noApiScope;
    if (call.path[1] === 'apexrest') return answerApexEcho(call, session);
    const version = parseVersion(call.path[2] ?? '');
    const path = call.path.slice(3);
    if (path[0] === 'jobs') return bulkV2({ call, session, version, path });
    if (isBlobPath(path)) return downloadBlob(call);
    return toReply(
      resources({
        method: methodOf(call),
        version,
        path,
        query: call.query,
        headers: call.headers,
        json: parseJson(await call.body.text()),
        user: session.user,
      }),
      deprecationHeaders(version),
    );
  }

  return {
    answerPublic: (call) => {
      const isVersions = call.path[1] === 'data' && call.path.length === 2;
      return isVersions && call.method === 'GET' ? jsonReply(200, listVersions()) : undefined;
    },
    readToken: readAuthorization,
    missingToken: (call) => errorReply(missingHeader, call.headers.accept),
    deadSession: (call) => errorReply(deadSession, call.headers.accept),
    handle: async (call, session) => {
      const reply = await answer(call, session).catch((error: unknown) => {
        if (error instanceof ApiError) return errorReply(error, call.headers.accept);
        throw error;
      });
      const { used, limit } = org.usage;
      const headers = { 'Sforce-Limit-Info': `api-usage=${used}/${limit}`, ...reply.headers };
      return { ...reply, headers };
    },
  };
}

/** `?_HttpMethod=PATCH` on a POST, for clients that cannot send PATCH. */
function methodOf({ method, query }: ApiCall): string {
  const override = method === 'POST' ? query.get('_HttpMethod') : null;
  return (override ?? method).toUpperCase();
}

function toReply({ status, json, headers }: RestReply, more: Record<string, string>): Reply {
  const all = { ...more, ...headers };
  return json === undefined ? { status, headers: all } : jsonReply(status, json, all);
}
