// Large bodies, both ways: so many transfers and no more, because of a load that ends by the clock the last, half done
// transfers would cost CPU and count for nothing.
import { Agent, request } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { LoadResult } from './load.ts';

export interface BulkLoad {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly connections: number;
  /** In all. */
  readonly transfers: number;
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How many bytes the request has, or the answer is to have. */
  readonly bytes: number;
}

const chunk = Buffer.alloc(256 * 1024, 'Id,Name\n');

export async function runBulk(load: BulkLoad): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  let left = load.transfers;
  let errors = 0;
  const startedMs = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      if (!(await transfer(load, agent))) errors += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: load.connections }, worker));
  } finally {
    agent.destroy();
  }
  return { requests: load.transfers, errors, seconds: (performance.now() - startedMs) / 1000 };
}

/** Resolves with whether it went through as a whole. */
function transfer(load: BulkLoad, agent: Agent): Promise<boolean> {
  const { method, headers, bytes } = load;
  const isUpload = method === 'PUT';
  return new Promise((resolve) => {
    const req = request(load.origin + load.path, {
      agent,
      method,
      headers: isUpload ? { ...headers, 'content-length': String(bytes) } : headers,
    });
    req.on('error', () => resolve(false));
    req.on('response', (res) => {
      let received = 0;
      res.on('data', (data: Buffer) => {
        received += data.length;
      });
      res.on('error', () => resolve(false));
      res.on('end', () => {
        const { statusCode = 0 } = res;
        const isOk = statusCode >= 200 && statusCode < 300;
        resolve(isOk && (isUpload || received === bytes));
      });
    });
    // Where it fails, the request's own error says so.
    if (isUpload) pipeline(Readable.from(chunksOf(bytes)), req, () => {});
    else req.end();
  });
}

function* chunksOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= chunk.length) {
    yield left < chunk.length ? chunk.subarray(0, left) : chunk;
  }
}
