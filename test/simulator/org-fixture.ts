// A simulated org for one test, an app registered in it, and the two clients the tests use: a hand-made JWT and plain HTTPS.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import {
  type SimulatedOrg,
  type SimulatedOrgOptions,
  startSimulatedOrg,
} from '../../src/simulator/simulated-org.ts';

export const consumerKey = '3MVG9.test.consumer.key';
export const username = 'integration@example.com';
export const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const publicKeyPem = String(publicKey.export({ type: 'spki', format: 'pem' }));
export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface HttpsAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly json: () => any;
}

export interface Send {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export async function startOrg(options: SimulatedOrgOptions = {}): Promise<SimulatedOrg> {
  const org = await startSimulatedOrg(options);
  onTestFinished(() => org.close());
  org.control.registerApp({ consumerKey, publicKeyPem });
  return org;
}

/** An org, a session in it, and a `call` that uses the session. */
export async function startOrgWithSession(options: SimulatedOrgOptions = {}) {
  const org = await startOrg(options);
  const token = await logIn(org);
  const call = (path: string, { headers, ...rest }: Send = {}) =>
    send(org, path, { ...rest, headers: { authorization: `Bearer ${token}`, ...headers } });
  const post = (path: string, body: unknown, more: Send = {}) =>
    call(path, {
      method: 'POST',
      body: JSON.stringify(body),
      ...more,
      headers: { 'content-type': 'application/json', ...more.headers },
    });
  return { org, token, call, post };
}

export function makeJwt(
  claims: Record<string, unknown>,
  { key = privateKey, alg = 'RS256' }: { key?: KeyObject; alg?: string } = {},
): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg })}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

export function claimsFor(
  org: SimulatedOrg,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  const exp = Math.floor(Date.now() / 1000) + 120;
  return { iss: consumerKey, sub: username, aud: org.origin, exp, ...changes };
}

export function exchange(org: SimulatedOrg, assertion: string): Promise<HttpsAnswer> {
  return send(org, '/services/oauth2/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: jwtBearer, assertion }).toString(),
  });
}

export async function logIn(org: SimulatedOrg, sub = username): Promise<string> {
  const answer = await exchange(org, makeJwt(claimsFor(org, { sub })));
  if (answer.status !== 200) throw new Error(`login failed: ${answer.body}`);
  return answer.json().access_token;
}

/** One HTTPS request on a connection of its own; `to` is a path on the org or a whole URL. */
export function send(org: SimulatedOrg, to: string, options: Send = {}): Promise<HttpsAnswer> {
  const [, origin = org.origin, path = to] = /^(https:\/\/[^/]+)(\/.*)$/.exec(to) ?? [];
  const { hostname, port } = new URL(origin);
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, path, method, headers, ca: org.tls.certPem, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const raw = Buffer.concat(chunks);
          const isGzip = response.headers['content-encoding'] === 'gzip';
          const text = (isGzip ? gunzipSync(raw) : raw).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: text,
            json: () => JSON.parse(text),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
