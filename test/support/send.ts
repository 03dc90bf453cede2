// One HTTP request by Node's own client: nothing is decompressed, followed or added.
import { type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export function send(url: string, options: SendOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, signal } = options;
  return new Promise((resolve, reject) => {
    // Not the whole URL: it would be normalised.
    const [, host, port, path] = /^http:\/\/([^/:]+):(\d+)(.*)$/.exec(url) ?? [];
    const target = { host, port, path, method, headers, agent: false as const };
    const req = request({ ...target, ...(signal && { signal }) });
    req.once('error', reject);
    req.once('response', (res) => {
      buffer(res).then((bytes) => {
        const { statusCode: status = 0, headers } = res;
        resolve({ status, headers, body: bytes, text: bytes.toString() });
      }, reject);
    });
    req.end(body);
  });
}
