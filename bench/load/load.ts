// What is sent to a contestant, and what came of it.

export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As many requests as go through in a time: each connection sends the next one when it has the answer. */
export interface TimedLoad {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly connections: number;
  readonly seconds: number;
  /** Sent in turn. */
  readonly requests: readonly LoadRequest[];
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers that were not 2xx, and connections that broke. */
  readonly errors: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface LoadTool {
  readonly name: 'wrk' | 'autocannon';
  readonly version: string;
  run(load: TimedLoad): Promise<LoadResult>;
}
