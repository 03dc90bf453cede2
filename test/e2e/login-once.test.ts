// Many requests, few logins: at the start, and when sessions end under load.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { type Answer, send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

test('500 concurrent first requests make exactly one exchange', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'ok', delayMs: 200 });
  const proxy = await startProxy(org, { withoutLogin: true });
  const got = await Promise.all(Array.from({ length: 500 }, () => send(proxy.url + limits)));
  expect(new Set(got.map(({ status }) => status))).toEqual(new Set([200]));
  const { exchanges, tokenRequests, refused } = org.control.counts();
  expect({ exchanges, tokenRequests, refused }).toEqual({
    exchanges: 1,
    tokenRequests: 1,
    refused: 0,
  });
  expect(proxy.eventsOf('logged_in')).toHaveLength(1);
});

interface Load {
  readonly answers: Answer[];
  readonly bodies: string[];
  stop(): Promise<void>;
}

/** Ten workers that read and write until they are stopped; every body is another one. */
function startLoad(url: string, headers: Record<string, string> = {}, name = ''): Load {
  const answers: Answer[] = [];
  const bodies: string[] = [];
  let isStopped = false;
  const worker = async (number: number) => {
    for (let i = 0; !isStopped; i += 1) {
      answers.push(await send(url + limits, { headers }));
      const body = `${name} ${number} ${i} ${'x'.repeat(i * 97)}`;
      bodies.push(body);
      const echo = `${url}/services/apexrest/echo/${number}/${i}`;
      answers.push(await send(echo, { method: 'POST', headers, body }));
    }
  };
  const workers = Array.from({ length: 10 }, (_, number) => worker(number));
  return {
    answers,
    bodies,
    stop: async () => {
      isStopped = true;
      await Promise.all(workers);
    },
  };
}

/** That every POST was executed once, with its body. */
function expectExecutedOnce(org: SimulatedOrg, bodies: readonly string[]): void {
  const posts = org.control.executed().filter(({ method }) => method === 'POST');
  const digests = bodies.map((body) => createHash('sha256').update(body).digest('hex'));
  expect(posts.map(({ bodySha256 }) => bodySha256).sort()).toEqual(digests.sort());
}

test('sessions ended under load: no client sees it, one exchange each time, every POST once', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, { org: { policy: 'legacy' } });
  const load = startLoad(proxy.url);
  for (let round = 1; round <= 3; round += 1) {
    const before = load.answers.length;
    await waitFor(() => load.answers.length > before + 60, 'some load');
    expect(org.control.endSessions()).toBe(1);
    await waitFor(() => org.control.counts().exchanges === 1 + round, 'the exchange');
  }
  const before = load.answers.length;
  await waitFor(() => load.answers.length > before + 60, 'some load after it');
  await load.stop();
  expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(org.control.counts()).toMatchObject({ exchanges: 4, tokenRequests: 4 });
  expect(org.control.counts().refused).toBeGreaterThan(0);
  expect(proxy.eventsOf('session_not_renewed')).toHaveLength(0);
  expectExecutedOnce(org, load.bodies);
});

test('two users of one org have a session and an exchange each', async () => {
  const org = await startOrg();
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    org: { policy: 'legacy' },
    config: {
      clients: [{ name: 'r', key_sha256: hashClientKey(key), username: 'reports@example.com' }],
    },
  });
  const own = startLoad(proxy.url, {}, 'own');
  const bound = startLoad(proxy.url, { 'x-api-key': key }, 'bound');
  const hasRun = () => own.answers.length > 40 && bound.answers.length > 40;
  await waitFor(hasRun, 'some load');
  expect(org.control.counts().exchanges).toBe(2);
  expect(org.control.endSessions()).toBe(2);
  await waitFor(() => org.control.counts().exchanges === 4, 'both exchanges');
  const [ownBefore, boundBefore] = [own.answers.length, bound.answers.length];
  await waitFor(
    () => own.answers.length > ownBefore + 40 && bound.answers.length > boundBefore + 40,
    'more',
  );
  await Promise.all([own.stop(), bound.stop()]);
  const answers = [...own.answers, ...bound.answers];
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(org.control.counts().exchanges).toBe(4);
  expectExecutedOnce(org, [...own.bodies, ...bound.bodies]);
  for (const { username, bodySha256 } of org.control.executed()) {
    const isBound = bound.bodies.some(
      (b) => createHash('sha256').update(b).digest('hex') === bodySha256,
    );
    if (isBound) expect(username).toBe('reports@example.com');
  }
});

test('a client that leaves during the exchange disturbs nobody', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  org.control.endSessions();
  org.control.tokenEndpoint({ mode: 'ok', delayMs: 300 });
  org.control.resetCounts();
  const leaving = new AbortController();
  const left = send(proxy.url + limits, { signal: leaving.signal });
  left.catch(() => {});
  await waitFor(() => org.control.counts().tokenRequests === 1, 'the exchange to begin');
  const staying = Array.from({ length: 10 }, () => send(proxy.url + limits));
  leaving.abort();
  await expect(left).rejects.toThrow();
  for (const { status } of await Promise.all(staying)) expect(status).toBe(200);
  expect(org.control.counts().exchanges).toBe(1);
});

test('an org that is left alone is left alone', async () => {
  let nowMs = Date.now();
  const org = await startOrg({ now: () => nowMs, sessionIdleTimeoutMs: 900_000 });
  const proxy = await startProxy(org, { now: () => nowMs });
  nowMs += 3_600_000;
  // The session from the start died of idleness before its first use.
  expect((await send(proxy.url + limits)).status).toBe(200);
  expect(org.control.counts()).toMatchObject({ exchanges: 2, refused: 1, requests: 1 });
});
