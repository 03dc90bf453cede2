// The last requests, for people to look at: a ring that forgets, so that it never grows.
import { outcomeOf, type RequestEvent } from '../events.ts';
import { redactTokens } from '../salesforce/redact.ts';

export const feedSize = 200;
const maxPathLength = 500;

interface Entry {
  readonly sequence: number;
  readonly atMs: number;
  readonly event: RequestEvent;
}

/** One request, as `/api/events` tells it. */
export type RequestJson = ReturnType<typeof requestJson>;

export class RequestFeed {
  readonly #ring: Entry[] = [];
  #last = 0;

  /** The number of the newest request; 0: there was none. */
  get last(): number {
    return this.#last;
  }

  add(event: RequestEvent, atMs: number): void {
    this.#last += 1;
    this.#ring[this.#last % feedSize] = { sequence: this.#last, atMs, event };
  }

  /** What came after that number and is still known, oldest first. */
  since(sequence: number): RequestJson[] {
    return this.#ring
      .filter((entry) => entry.sequence > sequence)
      .sort((a, b) => a.sequence - b.sequence)
      .map(requestJson);
  }
}

/** Made when somebody looks, not for every request. */
function requestJson({ sequence, atMs, event }: Entry) {
  const { error } = event;
  return {
    number: sequence,
    at: new Date(atMs).toISOString(),
    requestId: event.requestId,
    org: event.org ?? null,
    client: event.client ?? null,
    method: event.method.slice(0, 20),
    path: readablePath(event.path),
    status: event.status,
    outcome: outcomeOf(event),
    bytes: event.bytes,
    durationMs: rounded(event.durationMs),
    waitingMs: rounded(event.waitingMs),
    loginMs: rounded(event.loginMs),
    upstreamMs: rounded(event.upstreamMs),
    replayed: event.replayed,
    cut: event.cut,
    error: error ? { code: error.code, message: redactTokens(error.message) } : null,
  };
}

function readablePath(path: string): string {
  const readable = redactTokens(path);
  return readable.length > maxPathLength ? `${readable.slice(0, maxPathLength)}…` : readable;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
