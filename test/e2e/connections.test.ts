// Which connections there are: unix sockets, IPv6, private authorities, and how many at most.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import { lanes, ok, startRawPair, startRawUpstream } from '../support/raw-upstream.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, testConfig } from '../support/start-proxy.ts';
import { makeTestKey, temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

describe.each(lanes)('in the $lane lane', ({ lane, upstream: limits }) => {
  test('an instance on IPv6', async () => {
    const { proxy, upstream } = await startRawPair({
      host: '::1',
      proxy: { config: { upstream: limits } },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).status).toBe(200);
    expect(upstream.requests()[0]?.header('host')).toBe(`[::1]:${upstream.port}`);
  });

  test('an instance whose certificate nobody vouches for gets no request, and the client a hint', async () => {
    const [org, other] = [await startOrg(), await startOrg()];
    const upstream = await startRawUpstream({ tls: other.tls });
    org.control.instanceUrl(upstream.url);
    const proxy = await startProxy(org, {
      config: { upstream: limits },
      org: { instance_hosts: [upstream.host] },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    const answer = await client.answer();
    expect(answer.header('x-proxy-error')).toBe('upstream_unreachable');
    expect(answer.body.toString()).toContain('upstream.ca_file');
    expect(upstream.requests()).toEqual([]);
  });

  test('an instance whose certificate upstream.ca_file vouches for', async () => {
    const org = await startOrg();
    const upstream = await startRawUpstream({ tls: org.tls });
    org.control.instanceUrl(upstream.url);
    const proxy = await startProxy(org, {
      config: { upstream: limits },
      org: { instance_hosts: [upstream.host] },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).status).toBe(200);
  });

  test('a connection that does not stand within connect_timeout is upstream_timeout', async () => {
    const org = await startOrg();
    // Accepts, and never shakes hands.
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      mute.close();
    });
    const { port } = mute.address() as { port: number };
    org.control.instanceUrl(`https://localhost:${port}`);
    const proxy = await startProxy(org, {
      config: { upstream: { ...limits, connect_timeout: '300ms' } },
      org: { instance_hosts: [`localhost:${port}`] },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).header('x-proxy-error')).toBe('upstream_timeout');
  });

  test('an instance that is not there is upstream_unreachable', async () => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    await upstream.close();
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).header('x-proxy-error')).toBe('upstream_unreachable');
  });

  test('many requests at once share few connections, and all are answered', async () => {
    const { proxy, upstream } = await startRawPair({
      proxy: { config: { upstream: { ...limits, max_connections: '8' } } },
      onRequest: (request, connection) => {
        void request.completed.then(() => setTimeout(() => connection.write(ok()), 10));
      },
    });
    const clients = await Promise.all(Array.from({ length: 40 }, () => connectRaw(proxy)));
    await Promise.all(clients.map((client) => client.send(post)));
    const answers = await Promise.all(clients.map((client) => client.answer()));
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(upstream.maxOpenConnections()).toBeLessThanOrEqual(8);
    expect(upstream.maxOpenConnections()).toBeGreaterThan(lane === 'replay' ? 4 : 1);
  });

  test('an upstream that refuses every connection leaves no request waiting for its turn', async () => {
    const { proxy, upstream } = await startRawPair({
      proxy: { config: { upstream: { ...limits, max_connections: '4' } } },
    });
    await upstream.close();
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(proxy)));
    await Promise.all(clients.map((client) => client.send(post)));
    const answers = await Promise.all(clients.map((client) => client.answer()));
    expect(new Set(answers.map((answer) => answer.header('x-proxy-error')))).toEqual(
      new Set(['upstream_unreachable']),
    );
  });
});

test('upstream.ca_file adds to what Node trusts by NODE_EXTRA_CA_CERTS', async () => {
  const org = await startOrg();
  const upstream = await startRawUpstream({ tls: org.tls });
  org.control.instanceUrl(upstream.url);
  const directory = temporaryDirectory();
  const [extraCa, caFile, configFile] = ['extra.crt', 'ca.crt', 'config.yaml'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  writeFileSync(extraCa, org.tls.certPem);
  writeFileSync(caFile, makeTestKey('another authority').certificatePem);
  const keys = {
    org: { instance_hosts: [upstream.host] },
    config: { upstream: { ca_file: caFile } },
  };
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(testConfig(org, keys)));
  const proxy = spawnProxy(['serve', '--config', configFile], {
    env: { NODE_EXTRA_CA_CERTS: extraCa },
  });
  const client = await connectRaw({ port: Number(new URL(await proxy.address()).port) });
  await client.send(post);
  expect((await client.answer()).body.toString()).toBe('ok');
});

test('max_connections holds over both lanes together', async () => {
  const { proxy, upstream } = await startRawPair({
    proxy: { config: { upstream: { max_connections: '4', replay_body_limit: '10B' } } },
    onRequest: (request, connection) => {
      void request.completed.then(() => setTimeout(() => connection.write(ok()), 5));
    },
  });
  const large = requestBytes(`POST ${path}`, ['Content-Length: 20'], 'x'.repeat(20)).toString();
  const clients = await Promise.all(Array.from({ length: 40 }, () => connectRaw(proxy)));
  await Promise.all(clients.map((client, i) => client.send(i % 2 === 0 ? post : large)));
  const answers = await Promise.all(clients.map((client) => client.answer()));
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
  expect(upstream.maxOpenConnections()).toBeLessThanOrEqual(4);
});

test('a client that leaves while it waits for a connection takes none', async () => {
  const { proxy, upstream } = await startRawPair({
    proxy: { config: { upstream: { max_connections: '4', replay_body_limit: '0B' } } },
    onRequest: () => {},
  });
  const first = await connectRaw(proxy);
  await first.send(post);
  await upstream.request();
  const second = await connectRaw(proxy);
  await second.send(post);
  second.reset();
  await waitFor(() => proxy.eventsOf('request').length === 1, 'its line in the access log');
  first.reset();
  upstream.onRequest((request, connection) => {
    void request.completed.then(() => connection.write(ok()));
  });
  const third = await connectRaw(proxy);
  await third.send(post);
  expect((await third.answer()).status).toBe(200);
  expect(upstream.requests()).toHaveLength(2);
});

describe('listening', () => {
  const get = requestBytes(`GET ${path}`).toString();

  test('on IPv6', async () => {
    const proxy = await startProxy(await startOrg(), { config: { listen: '[::1]:0' } });
    expect(proxy.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    const client = await connectRaw({ host: '::1', port: proxy.port });
    await client.send(requestBytes('GET /services/data').toString());
    expect((await client.answer()).status).toBe(200);
  });

  test.each(lanes)('on a unix socket, in the $lane lane', async ({ upstream: limits }) => {
    const socket = join(temporaryDirectory(), 'proxy.sock');
    const { proxy } = await startRawPair({
      proxy: { config: { listen: `unix:${socket}`, upstream: limits } },
    });
    expect(proxy.url).toBe(`unix:${socket}`);
    const client = await connectRaw({ path: socket });
    await client.send(post);
    expect((await client.answer()).status).toBe(200);
    await proxy.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('on a unix socket that a killed process has left', async () => {
    const socket = join(temporaryDirectory(), 'proxy.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(socket)},()=>process.kill(process.pid,'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(socket)).toBe(true);
    await startRawPair({ proxy: { config: { listen: `unix:${socket}` } } });
    const client = await connectRaw({ path: socket });
    await client.send(get);
    expect((await client.answer()).status).toBe(200);
  });

  test('not on a unix socket that is in use, which goes on working', async () => {
    const socket = join(temporaryDirectory(), 'proxy.sock');
    await startRawPair({ proxy: { config: { listen: `unix:${socket}` } } });
    await expect(
      startRawPair({ proxy: { config: { listen: `unix:${socket}` } } }),
    ).rejects.toMatchObject({ code: 'listen_failed' });
    const client = await connectRaw({ path: socket });
    await client.send(get);
    expect((await client.answer()).status).toBe(200);
  });

  test('not where a plain file is, which is left alone', async () => {
    const file = join(temporaryDirectory(), 'precious');
    writeFileSync(file, 'data');
    await expect(
      startRawPair({ proxy: { config: { listen: `unix:${file}` } } }),
    ).rejects.toMatchObject({ code: 'listen_failed' });
    expect(readFileSync(file, 'utf8')).toBe('data');
  });
});
