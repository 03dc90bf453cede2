// A web page that asks. A browser lets any page send simple requests anywhere, and here a session would be added to them: so what a
// browser marks as another site's is refused before anything is sent, and pages of allowed origins get CORS from the proxy.
import { describe, expect, test } from 'vitest';
import { connectRaw } from '../support/raw-http.ts';
import { answering, ok, startRawPair } from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

const limits = '/services/data/v67.0/limits';
const app = 'https://app.example.com';

interface Ask {
  readonly method?: string;
  readonly target?: string;
  readonly headers: readonly string[];
  readonly body?: string;
}

/** By a socket: `fetch` of Node would not send some of these headers as they are. */
async function ask(port: number, { method = 'GET', target = limits, headers, body = '' }: Ask) {
  const client = await connectRaw({ port });
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    ...headers,
    ...length,
    '',
    body,
  ];
  await client.send(lines.join('\r\n'));
  return client.answer();
}

const form = 'Content-Type: application/x-www-form-urlencoded';
const refused: [what: string, ask: Ask][] = [
  ['a simple GET', { headers: ['Origin: https://evil.example'] }],
  ['an image or a script', { headers: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'] }],
  ['a link', { headers: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate'] }],
  ['a page on another port', { headers: ['Sec-Fetch-Site: same-site'] }],
  [
    'the same, with its origin',
    { headers: ['Origin: http://localhost:3000', 'Sec-Fetch-Site: same-site'] },
  ],
  ['a form', { method: 'POST', headers: ['Origin: https://evil.example', form], body: 'a=b' }],
  ['a form of a sandboxed frame', { method: 'POST', headers: ['Origin: null', form], body: 'a=b' }],
  [
    'a beacon',
    {
      method: 'POST',
      headers: ['Origin: https://evil.example', 'Content-Type: text/plain'],
      body: '{}',
    },
  ],
  [
    'a GET that writes',
    {
      target: '/services/data/v67.0/sobjects/Account/001?_HttpMethod=DELETE',
      headers: ['Sec-Fetch-Site: cross-site'],
    },
  ],
  [
    'a preflight',
    {
      method: 'OPTIONS',
      headers: ['Origin: https://evil.example', 'Access-Control-Request-Method: PATCH'],
    },
  ],
  [
    'a preflight of no origin',
    {
      method: 'OPTIONS',
      headers: ['Sec-Fetch-Site: cross-site', 'Access-Control-Request-Method: PATCH'],
    },
  ],
  [
    'a WebSocket',
    { headers: ['Origin: https://evil.example', 'Connection: Upgrade', 'Upgrade: websocket'] },
  ],
  [
    'a logout',
    {
      method: 'POST',
      target: '/services/oauth2/revoke',
      headers: ['Origin: https://evil.example', form],
      body: 'token=x',
    },
  ],
  ['no origin at all, as text', { headers: ['Origin: null'] }],
  ['an empty origin', { headers: ['Origin:'] }],
  ['an origin that begins as an allowed one', { headers: [`Origin: ${app}.evil.example`] }],
  ['an origin that ends as an allowed one', { headers: ['Origin: https://evil-app.example.com'] }],
  ['an allowed host by http', { headers: ['Origin: http://app.example.com'] }],
  ['an allowed host on another port', { headers: [`Origin: ${app}:8443`] }],
  ['an allowed origin with a path', { headers: [`Origin: ${app}/`] }],
  [
    'an allowed origin in capitals, as no browser writes it',
    { headers: ['Origin: HTTPS://APP.EXAMPLE.COM'] },
  ],
  ['two origins in one header', { headers: [`Origin: ${app} https://evil.example`] }],
  ['two origin headers', { headers: [`Origin: ${app}`, 'Origin: https://evil.example'] }],
  ['a site that nobody knows', { headers: ['Sec-Fetch-Site: other'] }],
  ['two sites', { headers: ['Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'] }],
  [
    'an image on a page of an allowed origin',
    { headers: ['Sec-Fetch-Site: cross-site', `Referer: ${app}/`] },
  ],
];

test.each([
  ['no origin is allowed', {}],
  ['one is', { allowed_origins: [app] }],
])('where %s, a page of another is refused, and Salesforce hears nothing', async (_, access) => {
  const org = await startOrg();
  const proxy = await startProxy(org, { config: { access } });
  org.control.resetCounts();
  for (const [what, request] of refused) {
    const answer = await ask(proxy.port, request);
    const code = answer.header('x-proxy-error');
    expect({ what, status: answer.status, code }).toEqual({
      what,
      status: 403,
      code: 'origin_forbidden',
    });
    expect(answer.headers.filter(([name]) => /^access-control/i.test(name))).toEqual([]);
  }
  expect(org.control.counts()).toMatchObject({ requests: 0, refused: 0, tokenRequests: 0 });
});

test('what no other page sends passes: tools, the address bar, a page of our own', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  for (const headers of [[], ['Sec-Fetch-Site: none'], ['Sec-Fetch-Site: same-origin']]) {
    const answer = await ask(proxy.port, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.filter(([name]) => /^access-control/i.test(name))).toEqual([]);
  }
});

const named = {
  'access-control-allow-origin': app,
  'access-control-allow-credentials': 'true',
  vary: 'Origin',
};

function cors(headers: readonly [string, string][]): Record<string, string> {
  const relevant = headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => /^(access-control-allow-(origin|credentials)|vary)$/.test(name));
  return Object.fromEntries(relevant);
}

describe('a page of an allowed origin', () => {
  test('has its preflight answered here', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { config: { access: { allowed_origins: [app] } } });
    org.control.resetCounts();
    const answer = await ask(proxy.port, {
      method: 'OPTIONS',
      headers: [
        `Origin: ${app}`,
        'Access-Control-Request-Method: PATCH',
        'Access-Control-Request-Headers: authorization,content-type,sforce-query-options',
        'Access-Control-Request-Private-Network: true',
      ],
    });
    expect(answer.status).toBe(204);
    expect(cors(answer.headers)).toEqual(named);
    expect(answer.header('access-control-allow-methods')).toContain('PATCH');
    expect(answer.header('access-control-allow-headers')).toBe(
      'authorization,content-type,sforce-query-options',
    );
    expect(answer.header('access-control-allow-private-network')).toBe('true');
    expect(org.control.counts().requests).toBe(0);
  });

  test('has it answered although the request itself will need a key', async () => {
    const org = await startOrg();
    const access = { allowed_origins: [app], anonymous: 'never' };
    const proxy = await startProxy(org, { config: { access } });
    const headers = [`Origin: ${app}`];
    const preflight = [...headers, 'Access-Control-Request-Method: GET'];
    expect((await ask(proxy.port, { method: 'OPTIONS', headers: preflight })).status).toBe(204);
    const answer = await ask(proxy.port, { headers });
    expect(answer.status).toBe(401);
    expect(cors(answer.headers)).toEqual(named);
  });

  test('may read the answer, with the headers of Salesforce', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { config: { access: { allowed_origins: [app] } } });
    const answer = await ask(proxy.port, {
      headers: [`Origin: ${app}`, 'Sec-Fetch-Site: cross-site'],
    });
    expect(answer.status).toBe(200);
    expect(cors(answer.headers)).toEqual(named);
    const exposed = answer.header('access-control-expose-headers');
    for (const name of ['Sforce-Limit-Info', 'Sforce-Locator', 'Location', 'x-proxy-error']) {
      expect(exposed).toContain(name);
    }
  });

  test('may read every refusal of the proxy that comes after its origin was judged', async () => {
    const org = await startOrg();
    const config = { access: { allowed_origins: [app] } };
    const proxy = await startProxy(org, { config, org: { policy: 'read-only' } });
    for (const [method, target, code] of [
      ['GET', '/services/data/../x', 'bad_target'],
      ['GET', '/setup', 'route_unknown'],
      ['DELETE', '/services/data/v67.0/sobjects/Account/001', 'policy_denied'],
    ] as const) {
      const answer = await ask(proxy.port, { method, target, headers: [`Origin: ${app}`] });
      expect(answer.header('x-proxy-error')).toBe(code);
      expect(cors(answer.headers)).toEqual(named);
    }
  });

  test('is told by the proxy alone who may read: what Salesforce says of it is dropped', async () => {
    const { proxy, upstream } = await startRawPair({
      proxy: { config: { access: { allowed_origins: [app] } } },
      onRequest: answering(
        ok(
          'ok',
          'Access-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Expose-Headers: X\r\nVary: Accept-Encoding\r\n',
        ),
      ),
    });
    const answer = await ask(proxy.port, { headers: [`Origin: ${app}`] });
    expect(answer.all('access-control-allow-origin')).toEqual([app]);
    expect(answer.all('access-control-expose-headers')).toHaveLength(1);
    expect(answer.all('vary')).toEqual(['Accept-Encoding', 'Origin']);
    expect((await upstream.request()).header('origin')).toBeUndefined();
  });
});

describe('where every origin is allowed', () => {
  const config = { access: { allowed_origins: ['*'] } };

  test('it is so without credentials', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { config });
    const headers = ['Origin: https://anybody.example', 'Access-Control-Request-Method: GET'];
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(proxy.port, { method, headers });
      expect(cors(answer.headers)).toEqual({ 'access-control-allow-origin': '*', vary: 'Origin' });
    }
  });

  test('nobody in particular is not among them, nor a page that hides its origin', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { config });
    for (const header of ['Origin: null', 'Sec-Fetch-Site: cross-site', 'Origin:']) {
      const answer = await ask(proxy.port, { headers: [header] });
      expect({ header, status: answer.status }).toEqual({ header, status: 403 });
    }
  });
});
