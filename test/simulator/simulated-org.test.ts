import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { startOrg, startOrgWithSession } from './org-fixture.ts';

test('jsforce works against it, and another process ends its session', async () => {
  const { org, token } = await startOrgWithSession();
  const folder = await mkdtemp(join(tmpdir(), 'simulated-org-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const certificateFile = join(folder, 'org.pem');
  await writeFile(certificateFile, org.tls.certPem);
  const script = join(import.meta.dirname, 'jsforce-session.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [script, org.origin, token, org.controlOrigin],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile }, timeout: 100_000 },
  );
  expect(JSON.parse(stdout)).toEqual({
    created: true,
    upserted: true,
    retrieved: ['jsforce 2', 'Energy'],
    many: [true, true],
    fetched: 600,
    ingest: [1, 1],
    bulkQueried: 7,
    bulkV1: [true],
    username: 'integration@example.com',
    versions: 37,
    apiUsage: { used: expect.any(Number), limit: 15_000 },
    afterEnd: 'INVALID_SESSION_ID',
  });
});

test('the certificate covers the name that the org gives out', async () => {
  const org = await startOrg({ publicHost: 'acme.localhost' });
  expect(org.origin).toMatch(/^https:\/\/acme\.localhost:\d+$/);
  for (const servername of ['acme.localhost', 'localhost']) {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(new URL(org.origin).port),
      servername,
      ca: org.tls.certPem,
    });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  }
});

test('it serves some hundred requests at once, each once', async () => {
  const { org, post } = await startOrgWithSession();
  const bodies = Array.from({ length: 300 }, (_, i) => ({ Name: `Account ${i}` }));
  const answers = await Promise.all(
    bodies.map((body) => post('/services/data/v67.0/sobjects/Account', body)),
  );
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(300);
  expect(new Set(org.control.executed().map(({ bodySha256 }) => bodySha256)).size).toBe(300);
  expect(org.control.counts()).toMatchObject({ requests: 300, refused: 0 });
});

test('a port that is taken is an error, and close leaves no port open', async () => {
  const org = await startSimulatedOrg();
  const port = Number(new URL(org.origin).port);
  await expect(startSimulatedOrg({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await org.control.moveInstance();
  await org.close();
  const server = createServer();
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
});
