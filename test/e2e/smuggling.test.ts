// Request smuggling: what the client and Salesforce could read as different requests, on raw sockets. Whatever the bytes, they
// are one request or none; nothing that the proxy sets itself is the client's; and what follows on the connection is intact.
import { describe, expect, test } from 'vitest';
import type { HttpMessage } from '../support/http-message.ts';
import { connectRaw } from '../support/raw-http.ts';
import { lanes, startRawPair } from '../support/raw-upstream.ts';
import { smuggled, smugglingCorpus } from '../support/smuggling-corpus.ts';
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

describe.each(lanes)('in the $lane lane', ({ upstream: limits }) => {
  test(`${smugglingCorpus.length} requests are each one request or none`, async () => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    for (const { name, bytes, body } of smugglingCorpus) {
      const before = upstream.requests().length;
      const client = await connectRaw({ port: proxy.port });
      await client.send(bytes);
      // Whether or not an answer came, what follows is a request of its own or the connection is closed.
      await waitFor(() => client.answers.length > 0 || client.closed, `an end of: ${name}`);
      const { status = 0 } = client.answers[0] ?? {};
      if (!client.closed && !client.ended) {
        await client.send(`GET ${next} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        await waitFor(() => client.answers.length > 1 || client.closed, `what follows: ${name}`);
      }
      const begun = upstream.requests().slice(before);
      for (const request of begun) expectOurHeadersOnly(request, upstream.host);
      // In the stream lane a request begins before its end is known; it must then never end.
      const arrived = begun.filter(({ isComplete }) => isComplete);
      const [first, ...others] = arrived.map(({ target }) => target);
      if (body === undefined) {
        expect
          .soft({ name, status })
          .toEqual({ name, status: expect.toSatisfy((s) => s === 0 || s >= 400) });
        expect
          .soft({ name, targets: arrived.map(({ target }) => target).filter((t) => t !== next) })
          .toEqual({ name, targets: [] });
      } else {
        expect
          .soft({ name, status, first, others })
          .toEqual({ name, status: 200, first: own, others: others.map(() => next) });
        expect.soft({ name, body: arrived[0]?.body.toString('latin1') }).toEqual({ name, body });
      }
      client.socket.destroy();
    }
    expect(upstream.requests().map(({ target }) => target)).not.toContain(
      '/services/data/v67.0/smuggled',
    );
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
