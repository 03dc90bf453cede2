// What ended the process when somebody tried: garbage after an answer, and a CONNECT whose sender is gone. No key was needed.
import { expect, test } from 'vitest';
import { directoryFor } from '../support/config-file.ts';
import { connectRaw } from '../support/raw-http.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

async function start() {
  const org = await startOrg();
  const proxy = spawnProxy(['serve'], { cwd: directoryFor(org) });
  const url = await proxy.address();
  const port = Number(new URL(url).port);
  const lives = async () => {
    expect((await fetch(url + limits)).status).toBe(200);
    expect(proxy.process.exitCode).toBeNull();
  };
  return { port, lives };
}

test.each([
  ['200', `GET ${limits} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ['403', 'GET / HTTP/1.1\r\nHost: whatever\r\n\r\n'],
  ['404', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
])('garbage after a %s costs its connection only', async (status, request) => {
  const { port, lives } = await start();
  for (const garbage of [
    'x\r\n\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'GET',
  ]) {
    const client = await connectRaw({ port });
    await client.send(Buffer.from(request));
    expect(String((await client.answer()).status)).toBe(status);
    await client.send(Buffer.from(garbage));
    client.socket.end();
    await waitFor(() => client.closed, 'the end of the connection');
  }
  await lives();
});

test('a CONNECT whose sender resets costs its connection only', async () => {
  const { port, lives } = await start();
  for (let i = 0; i < 100; i += 1) {
    const client = await connectRaw({ port });
    client.socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
    client.socket.resetAndDestroy();
  }
  await lives();
});
