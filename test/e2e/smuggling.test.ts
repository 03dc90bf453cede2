// Request smuggling: what the client and Salesforce could read as different requests, on raw sockets. Whatever the bytes, they
// are one request or none; nothing that the proxy sets itself is the client's; and what follows on the connection is intact.
import { describe, expect, test } from 'vitest';
import type { HttpMessage } from '../support/http-message.ts';
import { connectRaw } from '../support/raw-http.ts';
import { lanes, startRawPair } from '../support/raw-upstream.ts';
import { type SmugglingCase, smuggled, smugglingCorpus } from '../support/smuggling-corpus.ts';
import { waitFor } from '../support/wait-for.ts';

const own = '/services/data/v67.0/own';
const next = '/services/data/v67.0/next';
const session = /^Bearer 00D[A-Za-z0-9]+![\w.]+$/;
/** By any of these names a server could be told another session, client, host or length than ours. */
const ours =
  /^(authorization|x.sfdc.session|x.api.key|cookie|host|content.length|transfer.encoding|x.forwarded.*|x.real.ip|proxy.*|connection|upgrade|te|trailer)$/i;

function expectOurHeadersOnly(request: HttpMessage, host: string): void {
  expect(request.all('host')).toEqual([host]);
  expect(request.all('authorization')).toEqual([expect.stringMatching(session)]);
  const names = request.headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => ours.test(name));
  const framing = names.filter((name) => /^(content-length|transfer-encoding)$/.test(name));
  expect(framing.length).toBeLessThanOrEqual(1);
  const rest = names.filter((name) => !framing.includes(name) && name !== 'connection');
  expect(rest.sort()).toEqual(['authorization', 'host']);
  for (const value of request.all('connection')) expect(value).toMatch(/^(keep-alive|close)$/);
  expect(request.head).not.toContain('stolen');
}

/** Sends the bytes, and behind them, if the connection lives, a request of its own. */
async function play(port: number, { name, bytes }: SmugglingCase): Promise<number> {
  const client = await connectRaw({ port });
  await client.send(bytes);
  await waitFor(() => client.answers.length > 0 || client.closed, `an end of: ${name}`);
  if (!client.closed && !client.ended) {
    await client.send(`GET ${next} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await waitFor(() => client.answers.length > 1 || client.closed, `what follows: ${name}`);
  }
  client.socket.destroy();
  // 0: the connection was closed without a word.
  return client.answers[0]?.status ?? 0;
}

describe.each(lanes)('in the $lane lane', ({ upstream: limits }) => {
  test(`${smugglingCorpus.length} requests are each one request or none`, async () => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    const seen = new Set<HttpMessage>();
    for (const one of smugglingCorpus) {
      const status = await play(proxy.port, one);
      const begun = upstream.requests().filter((request) => !seen.has(request));
      for (const request of begun) {
        seen.add(request);
        expectOurHeadersOnly(request, upstream.host);
      }
      // In the stream lane a request begins before its end is known; what is refused then never ends.
      const arrived = begun.filter(({ isComplete, target }) => isComplete && target !== next);
      const became = {
        status,
        requests: arrived.map(({ target }) => target),
        bodies: arrived.map(({ body }) => body.toString('latin1')),
      };
      const expected =
        one.body === undefined
          ? { status: expect.toBeOneOf([0, 400, 403, 431]), requests: [], bodies: [] }
          : { status: 200, requests: [own], bodies: [one.body] };
      expect.soft(became, one.name).toEqual(expected);
    }
  });

  test('requests that are sent ahead are as many as they are, in order', async () => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    const client = await connectRaw({ port: proxy.port });
    const post = (i: number) =>
      `POST ${own}${i} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    await client.send(post(1) + post(2) + post(3));
    for (const _ of [1, 2, 3]) expect((await client.answer()).status).toBe(200);
    const targets = upstream.requests().map(({ target }) => target);
    expect(targets.sort()).toEqual([`${own}1`, `${own}2`, `${own}3`]);
  });

  // A refused request's body is no request, even when it looks like one and comes late.
  test('the body of a refused request is never taken for a request', async () => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    const client = await connectRaw({ port: proxy.port });
    await client.send(
      `POST /services/data/../x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 * smuggled.length}\r\n\r\n${smuggled}`,
    );
    expect((await client.answer()).status).toBe(400);
    await client.send(smuggled);
    if (!client.closed) await client.send(`GET ${next} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await waitFor(() => client.answers.length > 1 || client.closed, 'what follows');
    expect(upstream.requests().map(({ target }) => target)).toEqual([next]);
  });
});
