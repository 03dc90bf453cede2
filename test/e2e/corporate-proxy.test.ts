// Behind a corporate proxy: the login and both lanes go through it, named by upstream.proxy or by HTTPS_PROXY and NO_PROXY.
import { describe, expect, onTestFinished, test } from 'vitest';
import { startCorporateProxy } from '../support/corporate-proxy.ts';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import { answering, lanes, ok, startRawUpstream } from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

function setEnvironment(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

/** A TLS instance beside the org's own login, both behind the corporate proxy. */
async function start(upstreamKeys: Record<string, string>) {
  const org = await startOrg();
  const upstream = await startRawUpstream({ tls: org.tls });
  org.control.instanceUrl(upstream.url);
  const proxy = await startProxy(org, {
    config: { upstream: upstreamKeys },
    org: { instance_hosts: [upstream.host] },
    withoutLogin: true,
  });
  return { org, upstream, proxy, client: await connectRaw(proxy) };
}

describe.each(lanes)('in the $lane lane', ({ upstream: limits }) => {
  test('everything goes through upstream.proxy, the login too, and no credential of it goes further', async () => {
    const corporate = await startCorporateProxy('us er:p@ss');
    const { org, upstream, client } = await start({
      ...limits,
      proxy: `http://us%20er:p%40ss@127.0.0.1:${corporate.port}`,
    });
    await client.send(post);
    expect((await client.answer()).status).toBe(200);
    const authorities = new Set(corporate.connects.map(({ authority }) => authority));
    expect(authorities).toEqual(new Set([new URL(org.origin).host, upstream.host]));
    expect(upstream.requests()[0]?.head).not.toMatch(/proxy-/i);
  });

  test('HTTPS_PROXY names it, and NO_PROXY spares a host', async () => {
    const corporate = await startCorporateProxy();
    const org = await startOrg();
    const upstream = await startRawUpstream({ tls: org.tls });
    org.control.instanceUrl(upstream.url);
    setEnvironment({ HTTPS_PROXY: corporate.url, NO_PROXY: new URL(org.origin).host });
    const proxy = await startProxy(org, {
      config: { upstream: limits },
      org: { instance_hosts: [upstream.host] },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).status).toBe(200);
    expect(new Set(corporate.connects.map(({ authority }) => authority))).toEqual(
      new Set([upstream.host]),
    );
  });

  test.each([
    ['refuse', '5s', 502, 'upstream_unreachable', 'answered CONNECT with 403'],
    ['hang', '2s', 504, 'upstream_timeout', 'connect_timeout'],
  ] as const)(
    'a proxy that begins to %s is told, without its credentials',
    async (mode, connect_timeout, status, code, says) => {
      const corporate = await startCorporateProxy('user:secret');
      const { client, proxy } = await start({
        ...limits,
        connect_timeout,
        proxy: `http://user:secret@127.0.0.1:${corporate.port}`,
      });
      await waitFor(() => proxy.eventsOf('logged_in').length > 0, 'the login');
      corporate.mode = mode;
      await client.send(post);
      const answer = await client.answer();
      expect([answer.status, answer.header('x-proxy-error')]).toEqual([status, code]);
      expect(answer.body.toString()).toContain(says);
      expect(answer.body.toString()).not.toContain('secret');
      await waitFor(() => corporate.open() <= 1, 'the end of the connections that came to nothing');
    },
  );

  test('a tunnel may be idle for longer than connect_timeout', async () => {
    const corporate = await startCorporateProxy();
    const { client, upstream } = await start({
      ...limits,
      connect_timeout: '2s',
      proxy: corporate.url,
    });
    upstream.onRequest((request, connection) => {
      void request.completed.then(() => setTimeout(() => connection.write(ok('late')), 2500));
    });
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('late');
  });

  test('a client that leaves while the proxy hangs leaves no connection', async () => {
    const corporate = await startCorporateProxy();
    const { client, proxy } = await start({ ...limits, proxy: corporate.url });
    await waitFor(() => proxy.eventsOf('logged_in').length > 0, 'the login');
    const before = corporate.connects.length;
    corporate.mode = 'hang';
    await client.send(post);
    await waitFor(() => corporate.connects.length > before, 'the CONNECT');
    client.reset();
    await waitFor(() => proxy.eventsOf('request').length === 1, 'its line in the access log');
  });
});

test('a proxy that refuses the login is told as such', async () => {
  const corporate = await startCorporateProxy('user:right');
  const { client } = await start({
    login_timeout: '1s',
    proxy: `http://user:wrong@127.0.0.1:${corporate.port}`,
  });
  await client.send(post);
  const answer = await client.answer();
  expect(answer.header('x-proxy-error')).toBe('login_unavailable');
  expect(answer.body.toString()).not.toContain('wrong');
});

test('a plain http instance on this machine is not asked of a proxy', async () => {
  const corporate = await startCorporateProxy();
  const org = await startOrg();
  const upstream = await startRawUpstream({ onRequest: answering(ok('here')) });
  org.control.instanceUrl(upstream.url);
  const proxy = await startProxy(org, {
    config: { upstream: { proxy: corporate.url } },
    org: { instance_hosts: [upstream.host] },
  });
  const client = await connectRaw(proxy);
  await client.send(post);
  expect((await client.answer()).body.toString()).toBe('here');
  expect(corporate.connects.map(({ authority }) => authority)).not.toContain(upstream.host);
});
