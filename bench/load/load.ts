// What is sent to a contestant, and what came of it.

export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As many requests as go through: each connection sends the next one when it has the answer. */
export interface Load {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly connections: number;
  /** Sent in turn. */
  readonly requests: readonly LoadRequest[];
}

export interface TimedLoad extends Load {
  readonly seconds: number;
}

/** A load that goes on until it is ended, with pauses. */
export interface OpenLoad {
  pause(): void;
  resume(): void;
  end(): Promise<LoadResult>;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers of 400 and more, and connections that broke. */
  readonly errors: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface LoadTool {
  readonly name: 'wrk' | 'autocannon';
  readonly version: string;
  run(load: TimedLoad): Promise<LoadResult>;
  /** Undefined: it has no pauses. */
  start?(load: Load): OpenLoad;
}
