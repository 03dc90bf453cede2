// Whether a contestant answers as the upstream itself does: the same status, type and bytes. Without that a comparison of
// costs says nothing.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TrafficScenario } from './scenarios.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: number;
  readonly sha256: string;
}

export function fetchAnswer(origin: string, scenario: TrafficScenario): Promise<Answer> {
  return send(scenario, { origin, headers: {} });
}

/** What the upstream answers to the session that a proxy has to inject. */
export function fetchDirectly(
  { origin, identity }: Upstream,
  scenario: TrafficScenario,
): Promise<Answer> {
  const headers = { Authorization: `Bearer ${identity.token}` };
  return send(scenario, { origin, headers, ca: readFileSync(identity.caFile) });
}

/** Undefined where there is none. */
export function difference(expected: Answer, actual: Answer): string | undefined {
  const [a, b] = [expected, actual].map(
    ({ status, type, bytes, sha256 }) => `${status} ${type} ${bytes} bytes ${sha256.slice(0, 8)}`,
  );
  return a === b ? undefined : `expected ${a}, got ${b}`;
}

function send(
  { request, bulk }: TrafficScenario,
  to: { origin: string; headers: Record<string, string>; ca?: Buffer },
): Promise<Answer> {
  const { method, path, body: text = '' } = request;
  const body = method === 'PUT' ? Buffer.alloc(bulk?.bytes ?? 0, 'Id,Name\n') : Buffer.from(text);
  const length = method === 'GET' ? {} : { 'Content-Length': String(body.length) };
  const headers = { ...request.headers, ...to.headers, ...length };
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, timeout: 30_000 };
    const req = to.origin.startsWith('https:')
      ? requestHttps(to.origin + path, { ...options, ...(to.ca && { ca: to.ca }) })
      : requestHttp(to.origin + path, options);
    req.on('error', reject);
    req.on('timeout', () => req.destroy(new Error('no answer within 30 s')));
    req.on('response', (res) => {
      const hash = createHash('sha256');
      let bytes = 0;
      res.on('data', (data: Buffer) => {
        hash.update(data);
        bytes += data.length;
      });
      res.on('error', reject);
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          type: res.headers['content-type'] ?? '',
          bytes,
          sha256: hash.digest('hex'),
        }),
      );
    });
    req.end(body);
  });
}
