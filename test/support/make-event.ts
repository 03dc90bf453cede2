// A request as the access log tells it, with whatever a test makes of it.
import type { RequestEvent } from '../../src/events.ts';

export function makeRequest(facts: Partial<RequestEvent> = {}): RequestEvent {
  return {
    type: 'request',
    requestId: 'a-request',
    method: 'GET',
    path: '/services/data/v67.0/limits',
    query: undefined,
    org: 'dev',
    client: undefined,
    status: 200,
    bytes: 100,
    durationMs: 20,
    waitingMs: 0,
    loginMs: 0,
    upstreamMs: 15,
    replayed: false,
    error: undefined,
    cut: false,
    ...facts,
  };
}
