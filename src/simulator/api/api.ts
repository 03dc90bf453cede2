// What the gateway asks of each API of the org: where its session travels, how it says that a session is dead, and its answers.

import type { IncomingHttpHeaders } from 'node:http';
import type { Session } from '../login/sessions.ts';
import type { RequestBody } from '../request-body.ts';
import type { Reply } from '../salesforce-response.ts';

export interface ApiCall {
  readonly method: string;
  /** Path and query as they arrived, byte for byte. */
  readonly target: string;
  /** The segments of the path, percent-decoded once; empty ones left out. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
}

export interface Api {
  /** An answer that needs no session, e.g. the list of versions. */
  readonly answerPublic?: (call: ApiCall) => Reply | undefined;
  readonly readToken: (call: ApiCall) => string | undefined | Promise<string | undefined>;
  readonly missingToken: (call: ApiCall) => Reply | Promise<Reply>;
  readonly deadSession: (call: ApiCall) => Reply | Promise<Reply>;
  readonly handle: (call: ApiCall, session: Session) => Reply | Promise<Reply>;
}

/** `Authorization: Bearer TOKEN` or `OAuth TOKEN`; anything else is malformed. */
export function readAuthorization({ headers }: ApiCall): string | undefined {
  return /^(?:Bearer|OAuth) +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}
