// The memory of the real process, seen from outside: it does not grow with what passes through it.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { testConfig } from '../support/start-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/jobs/ingest/750/batches';
const MiB = 1024 * 1024;
const size = 1024 * MiB;
const block = Buffer.alloc(4 * MiB, 'row\n');

async function startProcess(): Promise<{ upstream: RawUpstream; port: number; pid: number }> {
  const org = await startOrg();
  const upstream = await startRawUpstream();
  org.control.instanceUrl(upstream.url);
  const file = join(temporaryDirectory(), 'config.yaml');
  const config = testConfig(org, { org: { instance_hosts: [upstream.host] } });
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const proxy = spawnProxy(['serve', '--config', file]);
  const port = Number(new URL(await proxy.address()).port);
  // Idle is: with the code of both lanes loaded.
  const client = await connectRaw({ port });
  await client.send(requestBytes(`GET ${path}`).toString());
  expect((await client.answer()).status).toBe(200);
  const upload = Buffer.alloc(2 * MiB);
  await client.send(requestBytes(`PUT ${path}`, [`Content-Length: ${upload.length}`]).toString());
  await client.send(upload);
  expect((await client.answer()).status).toBe(200);
  return { upstream, port, pid: proxy.process.pid as number };
}

function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / MiB;
}

/** What the peak of the process exceeds its idle memory by, in MiB. */
async function growth(pid: number, work: () => Promise<void>): Promise<number> {
  const idle = memory(pid, 'VmRSS');
  // The peak starts anew from here, where the kernel lets us say so.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  await work();
  return memory(pid, 'VmHWM') - idle;
}

async function write(socket: Socket): Promise<void> {
  for (let sent = 0; sent < size; sent += block.length) {
    if (socket.write(block)) continue;
    await waitFor(() => !socket.writableNeedDrain || socket.destroyed, 'a drain', 120_000);
  }
}

test('1 GiB down to a slow reader costs at most 96 MiB', { timeout: 240_000 }, async () => {
  const { upstream, port, pid } = await startProcess();
  upstream.onRequest((_request, { socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    void write(socket);
  });
  const grown = await growth(pid, async () => {
    const client = await connectRaw({ port });
    let pauses = 0;
    client.socket.on('data', () => {
      if (client.receivedBytes < (pauses + 1) * 32 * MiB) return;
      pauses += 1;
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 50);
    });
    await client.send(requestBytes(`GET ${path}`).toString());
    expect((await client.answer(200_000)).bodyLength).toBe(size);
    expect(pauses).toBeGreaterThan(30);
  });
  expect(grown).toBeLessThan(96);
});

test('1 GiB up to a slow upstream costs at most 96 MiB', { timeout: 240_000 }, async () => {
  const { upstream, port, pid } = await startProcess();
  let pauses = 0;
  upstream.onRequest((request, connection) => {
    connection.socket.on('data', () => {
      if (request.bodyLength < (pauses + 1) * 32 * MiB) return;
      pauses += 1;
      connection.socket.pause();
      setTimeout(() => connection.socket.resume(), 50);
    });
    void request.completed.then(() =>
      connection.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'),
    );
  });
  const grown = await growth(pid, async () => {
    const client = await connectRaw({ port });
    await client.send(requestBytes(`PUT ${path}`, [`Content-Length: ${size}`]).toString());
    await write(client.socket);
    expect((await client.answer(200_000)).status).toBe(201);
  });
  expect(upstream.requests().at(-1)?.bodyLength).toBe(size);
  expect(pauses).toBeGreaterThan(30);
  expect(grown).toBeLessThan(96);
});
