// The failures that the proxy itself reports: one class, and the table of what each code means on the wire
// and as an exit code. An answer of Salesforce is never one of these, whatever its status.

interface Row {
  readonly status: number;
  readonly exitCode?: number;
}

const errorTable = {
  bad_request: { status: 400 },
  bad_target: { status: 400 },
  client_unauthorized: { status: 401 },
  host_forbidden: { status: 403 },
  origin_forbidden: { status: 403 },
  policy_denied: { status: 403 },
  org_unknown: { status: 404 },
  route_unknown: { status: 404 },
  body_too_large: { status: 413 },
  api_budget_spent: { status: 429 },
  rate_limited: { status: 429 },
  headers_too_large: { status: 431 },
  internal: { status: 500 },
  login_rejected: { status: 502 },
  instance_forbidden: { status: 502 },
  upstream_unreachable: { status: 502 },
  upstream_broken: { status: 502 },
  login_unavailable: { status: 503 },
  login_rate_exceeded: { status: 503 },
  overloaded: { status: 503 },
  shutting_down: { status: 503 },
  upstream_timeout: { status: 504 },
  config_invalid: { status: 500, exitCode: 2 },
  listen_failed: { status: 500, exitCode: 1 },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof errorTable;

export interface ProxyErrorFacts {
  readonly cause?: unknown;
  /** Sent as `Retry-After`: only where waiting helps. */
  readonly retryAfterSeconds?: number;
  /** Of an upstream failure: could Salesforce have seen, and so executed, the request? */
  readonly requestMayHaveArrived?: boolean;
}

/** A failure with a code of the table. `message` says what happened and what to do, and holds no secret. */
export class ProxyError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly requestMayHaveArrived: boolean;

  constructor(code: ErrorCode, message: string, facts: ProxyErrorFacts = {}) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined);
    this.name = 'ProxyError';
    this.code = code;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.requestMayHaveArrived = facts.requestMayHaveArrived ?? false;
  }

  /** The HTTP status that this failure has on the wire. */
  get status(): number {
    return errorTable[this.code].status;
  }

  get exitCode(): number {
    const row: Row = errorTable[this.code];
    return row.exitCode ?? 1;
  }
}
