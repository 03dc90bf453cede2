// Keys that rotate on disk, and the certificate that belongs to them.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { send } from '../support/send.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg, testClientId } from '../support/start-org.ts';
import { startProxy, testConfig } from '../support/start-proxy.ts';
import { makeTestKey, openssl, temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

/** As a mounted secret does it: another file takes the name. */
function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

describe('a key file that changes', () => {
  test('is used for the next exchange, and clears the memory of a refused login', async () => {
    const org = await startOrg();
    const [first, second] = [makeTestKey(), makeTestKey('rotated')];
    const file = join(temporaryDirectory(), 'server.key');
    writeFileSync(file, first.privateKeyPem);
    const keys = { private_key: undefined, private_key_file: file };
    const proxy = await startProxy(org, { org: keys });
    org.control.registerApp({ consumerKey: testClientId, certificatePem: second.certificatePem });
    org.control.endSessions();
    for (let i = 0; i < 20; i += 1) {
      const refused = await send(proxy.url + limits);
      expect(refused.headers['x-proxy-error']).toBe('login_rejected');
      expect(refused.text).toContain('upload the certificate');
    }
    expect(org.control.counts().tokenRequests).toBe(2);
    replaceFile(file, second.privateKeyPem);
    expect((await send(proxy.url + limits)).status).toBe(200);
    expect(org.control.counts()).toMatchObject({ tokenRequests: 3, exchanges: 2 });
  });

  test('into no key is told with its fix, and mended by the next change', async () => {
    const org = await startOrg();
    const { privateKeyPem } = makeTestKey();
    const file = join(temporaryDirectory(), 'server.key');
    writeFileSync(file, privateKeyPem);
    const proxy = await startProxy(org, {
      org: { private_key: undefined, private_key_file: file },
    });
    replaceFile(file, privateKeyPem.slice(0, 200));
    org.control.endSessions();
    const refused = await send(proxy.url + limits);
    expect(refused.headers['x-proxy-error']).toBe('login_rejected');
    expect(refused.text).toContain('server.key');
    expect(refused.text).not.toContain(privateKeyPem.slice(60, 160));
    replaceFile(file, privateKeyPem);
    expect((await send(proxy.url + limits)).status).toBe(200);
    expect(org.control.counts().tokenRequests).toBe(2);
  });
});

describe('a certificate', () => {
  function writeCertificate(days: number): { keyFile: string; certificateFile: string } {
    const directory = temporaryDirectory();
    openssl(
      directory,
      `req -x509 -sha256 -nodes -days ${days} -newkey rsa:2048 -keyout k -out c -subj /CN=x`,
    );
    return { keyFile: join(directory, 'k'), certificateFile: join(directory, 'c') };
  }

  test.each([
    [365, 'valid'],
    [20, 'expires_soon'],
  ] as const)('of %i days is told as %s, with the day', async (days, standing) => {
    const org = await startOrg();
    const { keyFile, certificateFile } = writeCertificate(days);
    const proxy = await startProxy(org, {
      withoutLogin: true,
      org: { private_key: undefined, private_key_file: keyFile, certificate_file: certificateFile },
    });
    const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const [event] = proxy.eventsOf('certificate');
    expect(event).toMatchObject({ org: 'test', standing });
    expect([day, event?.validTo]).toContain(event?.validTo);
    expect(Math.abs(Date.parse(event?.validTo ?? '') - Date.parse(day))).toBeLessThanOrEqual(
      86_400_000,
    );
  });

  test('that has expired is told as that, and the proxy runs', async () => {
    const org = await startOrg();
    const { keyFile, certificateFile } = writeCertificate(10);
    const proxy = await startProxy(org, {
      withoutLogin: true,
      now: () => Date.now() + 11 * 86_400_000,
      org: { private_key: undefined, private_key_file: keyFile, certificate_file: certificateFile },
    });
    expect(proxy.eventsOf('certificate')).toMatchObject([{ standing: 'expired' }]);
  });

  test('that does not fit the key ends the program with exit code 2, and says so', async () => {
    const org = await startOrg();
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'server.crt'), makeTestKey('another').certificatePem);
    writeFileSync(
      join(directory, 'config.yaml'),
      stringify(testConfig(org, { org: { certificate_file: 'server.crt' } })),
    );
    const proxy = spawnProxy(['serve', '--config', join(directory, 'config.yaml')]);
    expect(await proxy.exit()).toBe(2);
    expect(proxy.stderr()).toContain('not the certificate of the private key');
    expect(proxy.stderr()).not.toContain('PRIVATE KEY');
  });

  test('and no session, assertion or key is in the log of a running program', async () => {
    const org = await startOrg();
    const directory = temporaryDirectory();
    const file = join(directory, 'config.yaml');
    writeFileSync(
      file,
      stringify(testConfig(org, { config: { log: { level: 'trace', format: 'json' } } })),
    );
    const proxy = spawnProxy(['serve', '--config', file]);
    const url = await proxy.address();
    expect((await send(url + limits)).status).toBe(200);
    org.control.endSessions();
    expect((await send(`${url}${limits}?oauth_token=00D000000000001!AQdummy`)).status).toBe(200);
    org.control.endSessions();
    org.control.tokenEndpoint({
      mode: 'status',
      error: 'invalid_grant',
      error_description: 'audience is invalid',
    });
    expect((await send(url + limits)).status).toBe(502);
    await waitFor(() => proxy.stdout().includes('Set audience to'), 'the failure in the log');
    const output = proxy.stdout() + proxy.stderr();
    expect(output).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|00D\w{12,15}(!|%21)|PRIVATE KEY/);
  });
});
