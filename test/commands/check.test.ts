import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directoryFor, directoryWith } from '../support/config-file.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg, testUsername } from '../support/start-org.ts';
import { testConfig } from '../support/start-proxy.ts';
import { makeTestKey } from '../support/test-keys.ts';

async function check(cwd: string, ...args: string[]) {
  const program = spawnProxy(['check', ...args], { cwd });
  const code = await program.exit();
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** The keys of the org `test`, to be changed into those of another one. */
function orgKeys(config: Record<string, unknown>): Record<string, unknown> {
  return (config.orgs as { test: Record<string, unknown> }).test;
}

describe('a login that works', () => {
  test('is told with its instance, and ends with 0', async () => {
    const org = await startOrg();
    const { code, stdout, stderr } = await check(directoryFor(org));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`ok      test: ${testUsername} logs in to ${org.origin}\n`);
  });

  test('--json has the same as facts, and the certificate with its days', async () => {
    const org = await startOrg();
    const cwd = directoryFor(org, { org: { certificate_file: 'server.crt' } });
    const config = testConfig(org, { org: { certificate_file: join(cwd, 'server.crt') } });
    writeFileSync(join(cwd, 'server.crt'), makeTestKey().certificatePem);
    writeFileSync(join(cwd, 'config.yaml'), JSON.stringify(config));
    const { code, stdout } = await check(cwd, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      logins: [
        {
          org: 'test',
          username: testUsername,
          ok: true,
          instance: org.origin,
          duration_ms: expect.any(Number),
          certificate: { valid_to: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), days_left: 364 },
        },
      ],
    });
  });

  test('is tried for the users that clients act as, too', async () => {
    const org = await startOrg();
    const client = { name: 'reporting', key_sha256: 'a'.repeat(64) };
    const clients = [{ ...client, username: 'reports@example.com' }];
    const { code, stdout } = await check(directoryFor(org, { config: { clients } }));
    expect(code).toBe(0);
    expect(stdout).toContain(`ok      test: ${testUsername}`);
    expect(stdout).toContain('ok      test: reports@example.com');
  });
});

describe('a login that fails', () => {
  test('is explained with its fix and ends with 1; the others are tried all the same', async () => {
    const org = await startOrg();
    const base = testConfig(org);
    const orgs = {
      unknown_app: { ...orgKeys(base), client_id: 'nobody' },
      inactive: { ...orgKeys(base), username: 'inactive@example.com' },
    };
    const { code, stdout, stderr } = await check(directoryFor(org, { config: { orgs } }));
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain(`ok      test: ${testUsername}`);
    expect(stdout).toMatch(/FAILED {2}unknown_app: .*invalid_client_id.*Consumer Key/);
    expect(stdout).toMatch(/FAILED {2}inactive: .*inactive user.*Activate the user/);
  });

  test('--json names the code', async () => {
    const org = await startOrg();
    const cwd = directoryFor(org, { org: { client_id: 'nobody' } });
    const { code, stdout } = await check(cwd, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      logins: [{ org: 'test', ok: false, code: 'login_rejected', message: expect.any(String) }],
    });
  });

  test('--org tries that org alone', async () => {
    const org = await startOrg();
    const orgs = { broken: { ...orgKeys(testConfig(org)), client_id: 'nobody' } };
    const cwd = directoryFor(org, { config: { orgs } });
    expect((await check(cwd, '--org', 'test')).code).toBe(0);
    expect((await check(cwd, '--org', 'broken')).code).toBe(1);
    const { code, stderr } = await check(cwd, '--org', 'nowhere');
    expect(code).toBe(2);
    expect(stderr).toBe('--org nowhere: there is no such org; expected one of test, broken\n');
  });
});

describe('a configuration that is invalid ends with 2', () => {
  const mistakes = 'orgs:\n  dev:\n    login_url: http://example.com\n    clientid: x\n';

  test('and one line for each mistake', async () => {
    const { code, stdout, stderr } = await check(directoryWith(mistakes));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('config.yaml:3:5 orgs.dev.login_url: expected an https URL');
    expect(stderr).toContain('config.yaml:4:5 orgs.dev.clientid: unknown key');
  });

  test('or as JSON', async () => {
    const { code, stdout, stderr } = await check(directoryWith(mistakes), '--json');
    expect([code, stderr]).toEqual([2, '']);
    const { ok, problems } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(problems.length).toBeGreaterThan(2);
  });

  test('the keys of all orgs are tried, not only the first', async () => {
    const org = await startOrg();
    const { private_key: _, ...keys } = orgKeys(testConfig(org));
    const orgs = {
      one: { ...keys, private_key_file: 'one.key' },
      two: { ...keys, private_key_file: 'two.key' },
    };
    const { code, stdout } = await check(directoryFor(org, { config: { orgs } }));
    expect(code).toBe(2);
    expect(stdout).toMatch(/FAILED {2}one: .*one\.key.*openssl genpkey/);
    expect(stdout).toMatch(/FAILED {2}two: .*two\.key.*openssl genpkey/);
  });
});
