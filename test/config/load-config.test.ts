// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references look like that
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { ProxyError } from '../../src/errors.ts';
import { asNobody } from '../support/as-nobody.ts';
import { temporaryDirectory } from '../support/test-keys.ts';

const env = {};

const minimal = `
orgs:
  dev:
    login_url: https://login.salesforce.com
    client_id: key
    username: user@example.com
    private_key_file: keys/server.key
`;

/** Loads `yaml` as the config.yaml of a fresh directory. */
function load(yaml: string | Buffer, variables: NodeJS.ProcessEnv = env) {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'config.yaml'), yaml);
  return { cwd, config: loadConfig({ env: variables, cwd }) };
}

function mistakes(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ code: 'config_invalid', exitCode: 2 });
    return (error as ProxyError).message.split('\n');
  }
  throw new Error('it was accepted');
}

function mistakesIn(yaml: string | Buffer, variables: NodeJS.ProcessEnv = env): string[] {
  return mistakes(() => load(yaml, variables));
}

describe('which configuration is loaded', () => {
  test('the file that is given, relative to the working directory', () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'etc'));
    writeFileSync(join(cwd, 'etc/my.yaml'), minimal);
    const config = loadConfig({ file: 'etc/my.yaml', env, cwd });
    expect(config.orgs.dev?.privateKeyFile).toBe(join(cwd, 'etc/keys/server.key'));
  });

  test('else config.yaml, even where the environment describes an org', () => {
    expect(load(minimal, { SF_LOGIN_URL: 'https://x.example' }).config.defaultOrg).toBe('dev');
  });

  test('else one org from the environment', () => {
    const cwd = temporaryDirectory();
    const config = loadConfig({
      cwd,
      env: {
        SF_LOGIN_URL: 'https://test.salesforce.com/',
        SF_CLIENT_ID: 'key\n',
        SF_USERNAME: 'user@example.com',
        SF_PRIVATE_KEY_FILE: 'server.key',
        SF_PRIVATE_KEY: '',
        SF_PRIVATE_KEY_PASSPHRASE: ' spaces count ',
      },
    });
    expect(config.defaultOrg).toBe('default');
    expect(config.orgs.default).toMatchObject({
      name: 'default',
      loginUrl: 'https://test.salesforce.com',
      audience: 'https://test.salesforce.com',
      clientId: 'key',
      privateKey: undefined,
      privateKeyFile: join(cwd, 'server.key'),
    });
    expect(config.orgs.default?.privateKeyPassphrase?.reveal()).toBe(' spaces count ');
  });

  test('else the error says what to do', () => {
    const [only] = mistakes(() => loadConfig({ env, cwd: temporaryDirectory() }));
    for (const way of ['config.example.yaml', 'SF_LOGIN_URL', 'SF_PRIVATE_KEY', 'npm run demo'])
      expect(only).toContain(way);
  });

  test('mistakes in the environment are told by variable, all at once, without the values', () => {
    const variables = {
      SF_LOGIN_URL: 'http://hunter2.example.com',
      SF_PRIVATE_KEY: 'hunter2',
      SF_PRIVATE_KEY_FILE: 'hunter2',
    };
    const all = mistakes(() => loadConfig({ env: variables, cwd: temporaryDirectory() }));
    expect(all).toEqual([
      'environment: SF_LOGIN_URL: expected an https URL (http only for a loopback host)',
      'environment: SF_CLIENT_ID: missing, expected the consumer key of the External Client App',
      'environment: SF_USERNAME: missing, expected the Salesforce user name',
      'environment: SF_PRIVATE_KEY: expected exactly one of SF_PRIVATE_KEY and SF_PRIVATE_KEY_FILE',
    ]);
  });

  test('the login URL has no default, because a wrong one costs logins', () => {
    const variables = { SF_CLIENT_ID: 'a', SF_USERNAME: 'b', SF_PRIVATE_KEY: 'c' };
    expect(mistakes(() => loadConfig({ env: variables, cwd: temporaryDirectory() }))).toEqual([
      expect.stringContaining('environment: SF_LOGIN_URL: missing, expected an https URL'),
    ]);
  });

  test('loading reads the file and leaves everything as it was', () => {
    const { cwd } = load(minimal);
    expect(readdirSync(cwd)).toEqual(['config.yaml']);
  });
});

describe('a file that cannot be used', () => {
  const given = (file: string, cwd = temporaryDirectory()) =>
    mistakes(() => loadConfig({ file, env, cwd }));

  test('missing', () => {
    expect(given('nope.yaml')).toEqual(['nope.yaml: there is no such file']);
  });

  test('a directory', () => {
    expect(given('.')).toEqual(['.: a directory, expected a YAML file']);
  });

  test('without permission to read it', () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'config.yaml'), minimal);
    chmodSync(join(cwd, 'config.yaml'), 0);
    const told = asNobody(() => given('config.yaml', cwd));
    expect(told).toEqual(['config.yaml: not readable: permission denied']);
  });

  test('below a file instead of a directory', () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'a'), '');
    expect(given('a/config.yaml', cwd)).toEqual(['a/config.yaml: not readable (ENOTDIR)']);
  });

  test.each([
    ['empty', ''],
    ['nothing but comments', '# nothing\n\n'],
    ['an empty document', '---\n'],
  ])('%s', (_, yaml) => {
    expect(mistakesIn(yaml)).toEqual([expect.stringContaining('config.yaml: the file is empty')]);
  });

  test('larger than 1 MiB', () => {
    expect(mistakesIn('#'.repeat(1024 ** 2 + 1))).toEqual(['config.yaml: larger than 1 MiB']);
  });

  test('UTF-16, as PowerShell writes it', () => {
    expect(mistakesIn(Buffer.from('\ufefforgs:', 'utf16le'))).toEqual([
      'config.yaml: not UTF-8 text',
    ]);
  });

  test.each([
    ['a list', '- a\n', 'config.yaml:1:1 expected a map with keys such as listen, orgs, '],
    ['text', '\nhello\n', 'config.yaml:2:1 expected a map'],
    ['two documents', `${minimal}---\na: b\n`, 'config.yaml:8:1 malformed YAML: a second document'],
    ['a colon too many', 'log:\n  level: a: b\n', 'config.yaml:2:10 malformed YAML: '],
    ['bad indentation', 'log:\n  level: info\n format: json\n', 'config.yaml:3:1 malformed YAML: '],
    ['a tab', 'log:\n\tlevel: info\n', 'config.yaml:2:1 malformed YAML: a tab as indentation'],
    ['an open quote', 'listen: "x\n', 'malformed YAML: a character is missing'],
    ['an alias to nothing', 'listen: *x\n', 'YAML aliases (*name) without an anchor'],
    ['a tag', 'listen: !!js/function x\n', 'config.yaml:1:9 malformed YAML: a tag'],
    ['deep nesting', '['.repeat(50_000), 'malformed YAML: '],
    [
      'an unquoted reference',
      'log: { level: ${X} }\n',
      'inside { } or [ ], "${NAME}" needs its quotes',
    ],
  ])('malformed: %s', (_, yaml, message) => {
    expect(mistakesIn(yaml)).toEqual([expect.stringContaining(message)]);
  });

  test('malformed around a key: the message does not repeat it', () => {
    const key = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ';
    for (const yaml of [
      `private_key: -----BEGIN X-----\n${key}\n`,
      `a: ["${key}"\n${key}`,
      `"${key}" x`,
    ])
      expect(mistakesIn(yaml).join()).not.toContain(key.slice(0, 10));
  });

  test('a bomb of aliases is refused in little time', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${`${of},`.repeat(9)}]\n`;
    const bomb = level('a', 'x') + level('b', '*a') + level('c', '*b') + level('d', '*c');
    expect(mistakesIn(bomb)).toEqual([
      'config.yaml: YAML aliases (*name) without an anchor (&name), or too many of them',
    ]);
  });

  test('an alias to itself is refused', () => {
    expect(mistakesIn('orgs: &a\n  dev: *a\n').length).toBeGreaterThan(0);
  });
});

describe('mistakes in the values', () => {
  test('all are told at once, each with its line, its path and what is expected', () => {
    const yaml = `
listen: 8080
orgs:
  dev:
    login_ur: https://login.salesforce.com
    client_id: \${NOT_SET}
    username:
      name: me
    private_key: inline
    private_key_file: server.key
  "b d":
    login_url: http://login.salesforce.com
  prod:
    login_url: login.salesforce.com
    client_id: key
    username: me
    username: you
    private_key_file: server.key
    instance_hosts:
      - .my.salesforce.com
      - "*.example.com"
default_org: staging
upstream:
  connect_timeout: 5
  max_connections: \${COUNT}
  proxy: user:hunter2@proxy
  replay_body_limit: 1MB
log: { level: [info], format: xml }
store: {}
`;
    expect(mistakesIn(yaml, { COUNT: 'hunter2' })).toEqual([
      'config.yaml:2:1 listen: expected host:port, [ipv6]:port or unix:/path.sock, such as 127.0.0.1:8080, got "8080"',
      'config.yaml:4:3 orgs.dev.login_url: missing, expected an https URL (http only for a loopback host)',
      'config.yaml:5:5 orgs.dev.login_ur: unknown key, did you mean login_url?',
      'config.yaml:6:5 orgs.dev.client_id: the environment variable NOT_SET is not set',
      'config.yaml:7:5 orgs.dev.username: expected the Salesforce user name, got a map',
      'config.yaml:9:5 orgs.dev.private_key: expected exactly one of private_key and private_key_file',
      'config.yaml:11:3 orgs."b d": expected an org name of letters, digits, _ and -',
      'config.yaml:14:5 orgs.prod.login_url: expected an https URL (http only for a loopback host), got "login.salesforce.com"',
      'config.yaml:17:5 orgs.prod.username: duplicate key',
      'config.yaml:21:9 orgs.prod.instance_hosts[1]: expected a suffix such as .my.salesforce.com, or a host with or without a port, got "*.example.com"',
      'config.yaml:22:1 default_org: expected one of the orgs: dev, prod, got "staging"',
      'config.yaml:24:3 upstream.connect_timeout: expected a duration such as 500ms, 30s, 5m or 2h, got "5"',
      'config.yaml:25:3 upstream.max_connections: expected a whole number, 2 or more',
      'config.yaml:26:3 upstream.proxy: expected the URL of an http proxy, such as http://proxy.example.com:3128',
      'config.yaml:27:3 upstream.replay_body_limit: expected a size such as 512B, 64KiB, 1MiB or 1GiB, got "1MB"',
      'config.yaml:28:8 log.level: expected one of trace, debug, info, warn, error, got a list',
      'config.yaml:28:23 log.format: expected one of json, pretty, got "xml"',
      expect.stringContaining('config.yaml:29:1 store: unknown key, expected one of listen, orgs'),
    ]);
  });

  test('no key of the private key is told at the org, where it is missing', () => {
    expect(mistakesIn(minimal.replace(/ {4}private.*\n/, ''))).toEqual([
      'config.yaml:3:3 orgs.dev.private_key: missing, expected exactly one of private_key and private_key_file',
    ]);
  });

  test.each([
    ['orgs:\n', 'config.yaml:1:1 orgs: expected a map of org names, got nothing'],
    ['orgs: {}\n', 'config.yaml:1:1 orgs: expected at least one org'],
    ['listen: 127.0.0.1:1\n', 'config.yaml:1:1 orgs: missing, expected a map of org names'],
    [`${minimal}upstream:\n`, 'upstream: expected a map with keys such as connect_timeout, '],
    [`${minimal}    instance_hosts: []\n`, 'expected a list of suffixes or hosts'],
    [`${minimal}__proto__: { x: y }\n`, 'config.yaml:8:1 __proto__: not a usable name'],
    [minimal.replace('dev', '"\\e[31m"'), 'orgs."\\u001b[31m": expected an org name'],
  ])('%j', (yaml, message) => {
    expect(mistakesIn(yaml)).toEqual([expect.stringContaining(message)]);
  });

  test('an org named __proto__ is not passed over in silence', () => {
    expect(mistakesIn(minimal.replace('dev', '__proto__'))).toContain(
      'config.yaml:3:3 orgs.__proto__: not a usable name',
    );
  });

  test('a value that may be secret is not repeated: from a variable, a URL with a password, a key', () => {
    const yaml = `
listen: "-----BEGIN PRIVATE KEY-----hunter2"
orgs:
  dev:
    login_url: https://user:hunter2@example.com
    audience: ["hunter2"]
    token_url: \${TOKEN}
    client_id: key
    username: user@example.com
    private_key: { hunter2: hunter2 }
default_org: "hunter2\\nhunter2"
upstream: { proxy: "socks5://user:hunter2@proxy", response_timeout: "\${TOKEN}" }
`;
    const all = mistakesIn(yaml, { TOKEN: 'hunter2' });
    expect(all).toHaveLength(8);
    expect(all.join()).not.toContain('hunter2');
  });
});

describe('variables', () => {
  test('arrive as text that YAML does not read again', () => {
    const odd = 'a: b\n# ] } "';
    const { config } = load(`${minimal}    private_key_passphrase: \${ODD}\n`, { ODD: odd });
    expect(config.orgs.dev?.privateKeyPassphrase?.reveal()).toBe(odd);
  });

  test('may hold durations, sizes, counts and names', () => {
    const yaml = `${minimal}
upstream: { connect_timeout: "\${N}s", max_connections: "\${N}", replay_body_limit: "\${SIZE}" }
log: { level: "\${LEVEL}" }
listen: \${HOST}:\${N}
`;
    const { config } = load(yaml, { N: '7', SIZE: '2KiB', LEVEL: 'warn', HOST: '127.0.0.1' });
    expect(config).toMatchObject({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 7 },
      upstream: { connectTimeoutMs: 7000, maxConnections: 7, replayBodyLimitBytes: 2048 },
      log: { level: 'warn' },
    });
  });

  test('in comments are not looked at, and $${ is a literal ${', () => {
    const { config } = load(minimal.replace('id: key', () => 'id: k$${X} # ${Y}'));
    expect(config.orgs.dev?.clientId).toBe('k${X}');
  });

  test('that are empty: no passphrase, but not no client id', () => {
    const yaml = `${minimal}    private_key_passphrase: \${E}\n`;
    expect(load(yaml, { E: '' }).config.orgs.dev?.privateKeyPassphrase).toBeUndefined();
    expect(mistakesIn(minimal.replace('key\n', '${E}\n'), { E: '' })).toEqual([
      expect.stringContaining('orgs.dev.client_id: expected the consumer key'),
    ]);
  });
});

describe('what comes out', () => {
  test('text stays as it was written: no YAML booleans, numbers or octals', () => {
    const { config } = load(
      minimal.replace('id: key', 'id: 0123').replace('user@example.com', 'no'),
    );
    expect(config.orgs.dev).toMatchObject({ clientId: '0123', username: 'no' });
  });

  test('aliases work', () => {
    const yaml = minimal.replace('dev:', 'dev: &org').concat('  prod: *org\ndefault_org: prod\n');
    const { config } = load(yaml);
    expect(config.orgs.prod).toMatchObject({ name: 'prod', clientId: 'key' });
    expect(config.defaultOrg).toBe('prod');
  });

  test('with several orgs and no choice there is no default org', () => {
    const yaml = minimal.replace('dev:', 'dev: &org').concat('  prod: *org\n');
    expect(load(yaml).config.defaultOrg).toBeUndefined();
  });

  test('an org name that objects have by themselves finds no org', () => {
    const { config } = load(minimal);
    expect(config.orgs.constructor).toBeUndefined();
    expect(Object.getPrototypeOf(config.orgs)).toBeNull();
  });

  test('everything is frozen', () => {
    const { config } = load(`${minimal}    instance_hosts: [.example.com]\n`);
    const parts = [
      config,
      config.listen,
      config.orgs,
      config.orgs.dev,
      config.orgs.dev?.instanceHosts,
      config.upstream,
      config.log,
    ];
    expect(parts.every((part) => part !== undefined && Object.isFrozen(part))).toBe(true);
  });

  test('secrets do not show when the configuration is printed', () => {
    const yaml = `${minimal.replace('private_key_file: keys/server.key', 'private_key: hunter2')}
    private_key_passphrase: hunter2
upstream: { proxy: http://user:hunter2@proxy }
`;
    const { config } = load(yaml);
    expect(config.orgs.dev?.privateKey?.reveal()).toBe('hunter2');
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toContain('hunter2');
  });
});
