// Every secret that there is, searched for in everything that the program says: its log in both formats at the finest level, the
// answers that it makes itself, the headers of those that it passes on, its metrics and its status. A real process, and its output.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import type { HttpMessage } from '../support/http-message.ts';
import { connectRaw } from '../support/raw-http.ts';
import { type OnRequest, ok, startRawUpstream } from '../support/raw-upstream.ts';
import { type SpawnedProxy, spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { testConfig } from '../support/start-proxy.ts';
import { makeTestKey, openssl, temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const passphrase = 'correct-horse-battery-staple';
const proxyPassword = 'password-of-the-corporate-proxy';
const cookie = 'BrowserId=cookie-of-a-browser';
const base = '/services/data/v67.0';

function said(proxy: SpawnedProxy): string {
  return proxy.stdout() + proxy.stderr();
}

type Answer = (token: string) => { status: string; headers?: string; body?: string };

/** What the instance answers, by what is asked: each echoes the session in another place. */
const echoes: [path: RegExp, answer: Answer][] = [
  [
    /\/dead$/,
    (token) => ({
      status: '401 Unauthorized',
      headers: 'Content-Type: application/json\r\n',
      body: `[{"message":"Session expired or invalid: ${token}","errorCode":"INVALID_SESSION_ID"}]`,
    }),
  ],
  [
    /^\/services\/Soap/,
    (token) => ({
      status: '500 Internal Server Error',
      headers: 'Content-Type: text/xml\r\n',
      body: `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: ${token}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`,
    }),
  ],
  [
    /\/redirect$/,
    (token) => ({
      status: '302 Found',
      headers: `Location: /secur/frontdoor.jsp?sid=${token}\r\nRefresh: 0;url=/x?sid=${encodeURIComponent(token)}\r\nLink: </y?sid=${token}>; rel=next\r\nSet-Cookie: sid=${token}; path=/\r\n`,
    }),
  ],
  [
    /^\/cometd/,
    (token) => ({
      status: '200 OK',
      headers: `Set-Cookie: sid=${token}; path=/; secure\r\nSet-Cookie: BAYEUX_BROWSER=abc\r\n`,
      body: '[]',
    }),
  ],
];

const echoing: OnRequest = (request, connection) => {
  const token = tokenOf(request) ?? 'none';
  const path = request.target.split('?')[0] ?? '';
  const [, echo] = echoes.find(([pattern]) => pattern.test(path)) ?? [];
  void request.completed.then(() => {
    if (path.endsWith('/reset')) return connection.reset();
    if (path.endsWith('/broken')) return connection.end(`HTTP/1.1 200 OK\r\n${token}\r\n\r\n`);
    if (!echo) return connection.write(ok());
    const { status, headers = '', body = '' } = echo(token);
    return connection.write(
      `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
};

function tokenOf(request: HttpMessage): string | undefined {
  const bearer = request.header('authorization')?.replace('Bearer ', '');
  return (
    bearer ??
    request.header('x-sfdc-session') ??
    /sessionId>([^<]*)</.exec(request.body.toString())?.[1]
  );
}

const envelope = (key: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com"><s:Header><u:SessionHeader><u:sessionId>${key}</u:sessionId></u:SessionHeader></s:Header><s:Body><u:getUserInfo/></s:Body></s:Envelope>`;

/** The head and, where the proxy made it, the body of the answer. */
async function ask(
  port: number,
  startLine: string,
  headers: readonly string[] = [],
  body = '',
): Promise<string> {
  const client = await connectRaw({ port });
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: localhost'];
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  await client.send(
    [`${startLine} HTTP/1.1`, ...host, 'Connection: close', ...headers, ...length, '', body].join(
      '\r\n',
    ),
  );
  await waitFor(() => client.closed, `an answer to ${startLine}`);
  const [head = ''] = client.text.split('\r\n\r\n', 1);
  return head.includes('x-proxy-error') ? client.text : head;
}

function requests(
  key: string,
  wrong: string,
): [startLine: string, headers?: string[], body?: string][] {
  const bearer = `Authorization: Bearer ${key}`;
  const soap = ['Content-Type: text/xml', 'SOAPAction: ""'];
  return [
    [`GET ${base}/limits`, [bearer, `Cookie: ${cookie}; sid=${key}`]],
    [`GET ${base}/limits?oauth_token=${key}&q=SELECT+Id`],
    [`GET ${base}/limits?a=b;oauth_token=${key}`, [bearer]],
    [`GET ${base}/limits`, [`Authorization: Basic ${btoa(`me:${key}`)}`]],
    [
      `GET ${base}/limits`,
      [`X-API-Key: ${key}`, `X-SFDC-Session: ${key}`, `Proxy-Authorization: Basic ${btoa(key)}`],
    ],
    [`GET ${base}/dead`, [bearer]],
    [`GET ${base}/redirect`, [bearer]],
    [`GET ${base}/broken`, [bearer]],
    [`GET ${base}/reset`, [bearer]],
    ['POST /services/Soap/u/64.0', soap, envelope(key)],
    ['POST /services/Soap/u/64.0', soap, envelope(wrong)],
    ['POST /services/Soap/u/64.0', [...soap, bearer], `not an envelope ${key}`],
    ['GET /services/async/64.0/job/750', [`X-SFDC-Session: ${key}`]],
    ['POST /cometd/64.0', [bearer, `Cookie: ${cookie}; sid=${key}`], '[]'],
    ['GET /services/oauth2/userinfo', [bearer]],
    [`POST /services/oauth2/revoke?token=${key}`, [bearer], `token=${key}`],
    [`GET ${base}/limits`, [`Authorization: Bearer ${wrong}`]],
    [`GET ${base}/limits`],
    [`GET ${base}/${key}/x`, [bearer]],
    [`GET /${key}`, [bearer]],
    [`GET /services/data/../${key}`, [bearer]],
    [`GET http://${key}@localhost${base}/limits`, [bearer]],
    [`GET ${base}/limits#oauth_token=${key}`, [bearer]],
    [`CONNECT ${key}:443`],
    [`GET ${base}/limits`, [`Host: ${key}.example`, bearer]],
    [`GET ${base}/limits`, [`Origin: https://${key.toLowerCase()}.example`, bearer]],
    [`DELETE ${base}/sobjects/Account/${key}`, [`X-API-Key: ${key}`, 'X-HTTP-Method: DELETE']],
    [`GET ${base}/limits`, [bearer, 'Content-Length: x', `X: ${key}`]],
    [
      `POST ${base}/composite`,
      [bearer, 'Content-Type: application/json'],
      `{"compositeRequest":"${key}"}`,
    ],
    [
      `POST ${base}/composite`,
      [bearer, 'Content-Type: application/json'],
      `{"x":"${'x'.repeat(3_000)}${key}"}`,
    ],
    [
      `POST ${base}/sobjects/Account`,
      [bearer, 'Content-Type: application/json'],
      `{"x":"${'x'.repeat(3_000)}"}`,
    ],
  ];
}

test.each(['json', 'pretty'])(
  'no secret is in what a process says, logging as %s',
  async (format) => {
    const org = await startOrg();
    const upstream = await startRawUpstream({ onRequest: echoing });
    org.control.instanceUrl(upstream.url);
    const [key, wrong] = [makeClientKey(), makeClientKey()];
    const dir = temporaryDirectory();
    writeFileSync(join(dir, 'plain.key'), makeTestKey().privateKeyPem);
    openssl(dir, `pkcs8 -topk8 -in plain.key -out server.key -passout pass:${passphrase}`);
    const { privateKeyPem } = makeTestKey();
    const config = testConfig(org, {
      org: {
        private_key: undefined,
        private_key_file: join(dir, 'server.key'),
        private_key_passphrase: ['$', '{PASSPHRASE}'].join(''),
        instance_hosts: [upstream.host],
        policy: 'careful',
      },
      config: {
        admin: { listen: '127.0.0.1:0' },
        access: { anonymous: 'never' },
        clients: [{ name: 'reporting', key_sha256: hashClientKey(key) }],
        policies: {
          careful: {
            allow: [
              '* /services/data/**',
              '* /services/Soap/**',
              '* /services/async/**',
              '* /cometd/**',
              '* /services/oauth2/userinfo',
            ],
            deny: ['DELETE /services/data/**'],
          },
        },
        upstream: { replay_body_limit: '2KiB' },
        log: { level: 'trace', format, query: true },
      },
    });
    const proxy = await startProcess(dir, config, { PASSPHRASE: passphrase });
    const port = Number(new URL(await proxy.address()).port);
    const list = requests(key, wrong);
    let answers = '';
    for (const [startLine, headers, body] of list)
      answers += await ask(port, startLine, headers, body);
    answers += await adminPages(proxy);
    const tokens = new Set(
      upstream.connections.flatMap((one) => one.requests.flatMap((r) => tokenOf(r) ?? [])),
    );
    await waitFor(() => said(proxy).split('/services/oauth2/revoke').length > 1, 'the log');
    proxy.process.kill('SIGTERM');
    await proxy.exit();

    expect(tokens.size).toBeGreaterThan(0);
    expect(answers.match(/x-proxy-error: \w+/g)?.length).toBeGreaterThan(12);
    // The log has a line for each request that was one.
    expect(said(proxy).match(/requestId/g)?.length).toBeGreaterThan(list.length - 3);
    const everything = said(proxy) + answers;
    const keyLines = privateKeyPem.split('\n').filter((line) => line.length > 30);
    const secrets = [
      ...tokens,
      key,
      wrong,
      btoa(`me:${key}`),
      btoa(key),
      passphrase,
      'cookie-of-a-browser',
      ...keyLines,
    ];
    for (const secret of secrets) {
      expect(everything.toLowerCase()).not.toContain(secret.toLowerCase());
      expect(everything).not.toContain(encodeURIComponent(secret));
    }
    expectNoShapeOfSecret(everything);
  },
);

test('no secret is in what a process says of logins that fail', async () => {
  const org = await startOrg();
  const dir = temporaryDirectory();
  const leak = '00D000000000001AAA!AQ4AQPleaseDoNotShowMe.1234567890';
  const assertion = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl';
  org.control.tokenEndpoint({
    mode: 'status',
    status: 400,
    error: 'invalid_grant',
    error_description: `invalid assertion ${assertion} for ${leak}`,
  });
  const rejected = await startProcess(
    dir,
    testConfig(org, { config: { log: { level: 'trace' } } }),
  );
  const port = Number(new URL(await rejected.address()).port);
  const answer = await ask(port, `GET ${base}/limits`);
  expect(answer).toContain('x-proxy-error: login_rejected');
  // Through a corporate proxy that is not there, whose URL holds a password.
  const url = `http://me:${proxyPassword}@127.0.0.1:1`;
  const upstream = { proxy: url, login_timeout: '1s' };
  const unreachable = await startProcess(
    dir,
    testConfig(org, { config: { upstream, log: { level: 'trace' } } }),
  );
  const second = await ask(Number(new URL(await unreachable.address()).port), `GET ${base}/limits`);
  expect(second).toMatch(/x-proxy-error: login_/);
  // And a configuration that is wrong, beside its secrets.
  const wrong = {
    ...testConfig(org),
    upstream: { proxy: `socks5://me:${proxyPassword}@x` },
    clients: 'x',
  };
  const invalid = await startProcess(dir, wrong);
  expect(await invalid.exit()).toBe(2);
  const everything = [rejected, unreachable, invalid].map(said).join('') + answer + second;
  const keyLines = makeTestKey()
    .privateKeyPem.split('\n')
    .filter((line) => line.length > 30);
  for (const secret of [leak, assertion, proxyPassword, btoa(`me:${proxyPassword}`), ...keyLines]) {
    expect(linesWith(everything, secret)).toEqual([]);
  }
  expectNoShapeOfSecret(everything);
});

/** In any case: a host name comes out in lower case. */
function linesWith(text: string, secret: string): string[] {
  return text.split('\n').filter((line) => line.toLowerCase().includes(secret.toLowerCase()));
}

/** Whatever its value: a session, a JSON web token, a client key, a private key. */
function expectNoShapeOfSecret(text: string): void {
  expect(text).not.toMatch(/00D\w{12,15}(!|%21)\w/);
  expect(text).not.toMatch(/eyJ[\w-]{8,}\./);
  expect(text).not.toMatch(/sfap_[\w-]{20}/i);
  expect(text).not.toContain('PRIVATE KEY');
}

async function startProcess(
  dir: string,
  config: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<SpawnedProxy> {
  const file = join(dir, `config-${Math.random()}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  return spawnProxy(['serve', '--config', file], { env });
}

async function adminPages(proxy: SpawnedProxy): Promise<string> {
  const [, admin] = /probes at (http:\/\/[\d.]+:\d+)/.exec(proxy.stdout()) ?? [];
  if (admin === undefined) return '';
  const pages = ['/', '/healthz', '/readyz', '/metrics', '/api/status'];
  const texts = await Promise.all(pages.map(async (page) => (await fetch(admin + page)).text()));
  return texts.join('\n');
}
