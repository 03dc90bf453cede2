// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references look like that
// What the program says when it cannot start: every mistake at once, where it is, what is expected, and exit code 2.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../support/config-file.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { isMissing } from '../support/is-missing.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg, testClientId, testUsername } from '../support/start-org.ts';
import { makeTestKey, openssl, temporaryDirectory } from '../support/test-keys.ts';

/** What `serve` writes to stderr before it ends with 2. */
async function refusal(
  cwd: string,
  options: { env?: Record<string, string>; args?: string[] } = {},
) {
  const { env = {}, args = [] } = options;
  const proxy = spawnProxy(['serve', '--listen', '127.0.0.1:0', ...args], { cwd, env });
  expect([await proxy.exit(), proxy.stdout()]).toEqual([2, '']);
  const stderr = proxy.stderr();
  expect(stderr).not.toMatch(/^\s+at |Error:/m);
  return stderr;
}

function yaml(changes: Record<string, string | undefined> = {}): string {
  const keys = {
    login_url: 'https://login.salesforce.com',
    client_id: 'key',
    username: 'user@example.com',
    private_key_file: 'server.key',
    ...changes,
  };
  const lines = Object.entries(keys).filter(([, value]) => value !== undefined);
  return ['orgs:', '  dev:', ...lines.map(([key, value]) => `    ${key}: ${value}`), ''].join('\n');
}

describe('a file that cannot be read', () => {
  test('none at all: how to begin', async () => {
    const stderr = await refusal(temporaryDirectory());
    expect(stderr).toMatch(/^there is no config\.yaml here\. Copy config\.example\.yaml [^\n]+\n$/);
    expect(stderr).toContain('SF_LOGIN_URL, SF_CLIENT_ID, SF_USERNAME');
  });

  test('one that is named but not there', async () => {
    const stderr = await refusal(temporaryDirectory(), { args: ['--config', 'my.yaml'] });
    expect(stderr).toBe('my.yaml: there is no such file\n');
  });

  // Root may read everything, so the file is a directory instead.
  test('one that is not readable', async () => {
    const cwd = directoryWith('');
    if (process.getuid?.() === 0) {
      rmSync(join(cwd, 'config.yaml'));
      mkdirSync(join(cwd, 'config.yaml'));
      expect(await refusal(cwd)).toBe('config.yaml: a directory, expected a YAML file\n');
    } else {
      chmodSync(join(cwd, 'config.yaml'), 0);
      expect(await refusal(cwd)).toBe('config.yaml: not readable: permission denied\n');
    }
  });

  test('an empty one', async () => {
    const stderr = await refusal(directoryWith(' \n# nothing\n'));
    expect(stderr).toBe(
      'config.yaml: the file is empty; copy config.example.yaml and fill it in\n',
    );
  });

  test('one that is not YAML', async () => {
    const stderr = await refusal(directoryWith('orgs:\n  dev:\n\tlogin_url: x\n'));
    expect(stderr).toMatch(/^config\.yaml:3:1 malformed YAML: [^\n]*tab[^\n]*\n$/);
  });
});

describe('a mistake in it is told with its line, its path and what is expected', () => {
  test.for([
    [
      'an unknown key',
      yaml({ usrname: 'x' }),
      'config.yaml:7:5 orgs.dev.usrname: unknown key, did you mean username?',
    ],
    [
      'a missing key',
      yaml({ username: undefined }),
      'config.yaml:2:3 orgs.dev.username: missing, expected the Salesforce user name',
    ],
    [
      'a map where text belongs',
      yaml({ username: '{ name: x }' }),
      'config.yaml:5:5 orgs.dev.username: expected the Salesforce user name, got a map',
    ],
    [
      'text where a duration belongs',
      `${yaml()}upstream: { login_timeout: soon }\n`,
      'config.yaml:7:13 upstream.login_timeout: expected a duration such as 500ms, 30s, 5m or 2h, got "soon"',
    ],
    [
      'a variable that is not set',
      yaml({ client_id: '${NOT_SET}' }),
      'config.yaml:4:5 orgs.dev.client_id: the environment variable NOT_SET is not set',
    ],
  ] as const)('%s', async ([, text, expected]) => {
    expect((await refusal(directoryWith(text))).trimEnd()).toBe(expected);
  });

  test('several at once are told at once, in the order of the file', async () => {
    const text = yaml({ login_url: 'http://example.com', client_id: '${NOT_SET}', usrname: 'x' });
    const stderr = await refusal(directoryWith(`listen: here\n${text}log: { level: loud }\n`));
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ')[0]),
    ).toEqual([
      'config.yaml:1:1 listen',
      'config.yaml:4:5 orgs.dev.login_url',
      'config.yaml:5:5 orgs.dev.client_id',
      'config.yaml:8:5 orgs.dev.usrname',
      'config.yaml:9:8 log.level',
    ]);
  });
});

describe('a private key that cannot be used is named, with the command that makes a good one', () => {
  test('a file that is missing', async () => {
    const cwd = directoryWith(yaml());
    const stderr = await refusal(cwd);
    expect(stderr).toContain(`private key file ${join(cwd, 'server.key')}`);
    expect(stderr).toMatch(/openssl genpkey -algorithm RSA [^\n]+\n$/);
  });

  test.skipIf(isMissing('openssl'))('a file with another kind of key', async () => {
    const cwd = directoryWith(yaml());
    openssl(cwd, 'genpkey -algorithm ED25519 -out server.key');
    expect(await refusal(cwd)).toMatch(
      /server\.key: of type ed25519; [^\n]+ openssl genpkey [^\n]+\n$/,
    );
  });

  test.skipIf(isMissing('openssl'))('a wrong passphrase', async () => {
    const cwd = directoryWith(yaml({ private_key_passphrase: 'wrong' }));
    openssl(cwd, 'genpkey -algorithm RSA -aes256 -pass pass:right -out server.key');
    const stderr = await refusal(cwd);
    expect(stderr).toContain('server.key: private_key_passphrase is not its passphrase');
    expect(stderr).not.toContain('wrong');
  });

  test('authorities that are missing', async () => {
    const cwd = directoryWith(`${yaml()}upstream: { ca_file: company.pem }\n`);
    writeFileSync(join(cwd, 'server.key'), makeTestKey().privateKeyPem);
    expect(await refusal(cwd)).toMatch(/^upstream\.ca_file cannot be read: [^\n]+company\.pem'\n$/);
  });

  test('authorities of which one is broken', async () => {
    const cwd = directoryWith(`${yaml()}upstream: { ca_file: company.pem }\n`);
    writeFileSync(join(cwd, 'server.key'), makeTestKey().privateKeyPem);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    writeFileSync(join(cwd, 'company.pem'), makeTestKey().certificatePem + broken);
    expect(await refusal(cwd)).toMatch(/^upstream\.ca_file \([^\n]+\) cannot be used: [^\n]+\n$/);
  });
});

describe('an org from the environment', () => {
  test('is missing a variable', async () => {
    const env = { SF_LOGIN_URL: 'login.salesforce.com', SF_CLIENT_ID: 'key', SF_PRIVATE_KEY: 'x' };
    const lines = (await refusal(temporaryDirectory(), { env })).trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^environment: SF_LOGIN_URL: expected an https URL/),
      expect.stringMatching(/^environment: SF_USERNAME: missing, expected/),
    ]);
  });

  test('works end to end: its authority from NODE_EXTRA_CA_CERTS, its way through HTTPS_PROXY', async () => {
    const host = 'acme.my.salesforce.com';
    const org = await startOrg({ publicHost: host });
    org.control.registerApp({ consumerKey: testClientId, audiences: [`https://${host}`] });
    org.control.instanceUrl(`https://${host}`);
    const { url, tunnels } = await startConnectProxy(Number(new URL(org.origin).port));
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'ca.crt'), org.tls.certPem);
    const proxy = spawnProxy(['serve', '--listen', '127.0.0.1:0'], {
      cwd,
      env: {
        SF_LOGIN_URL: `https://${host}`,
        SF_CLIENT_ID: testClientId,
        SF_USERNAME: testUsername,
        SF_PRIVATE_KEY: Buffer.from(makeTestKey().privateKeyPem).toString('base64'),
        NODE_EXTRA_CA_CERTS: join(cwd, 'ca.crt'),
        HTTPS_PROXY: url,
      },
    });
    const answer = await fetch(`${await proxy.address()}/services/data/v67.0/limits`);
    expect(await answer.json()).toHaveProperty('DailyApiRequests');
    expect(new Set(tunnels)).toEqual(new Set([`${host}:443`]));
  });
});
