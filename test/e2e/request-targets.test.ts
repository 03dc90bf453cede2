// Request targets end to end: whatever is accepted arrives as the same bytes and is under a prefix that the policy allows, however
// a server may decode it. What is accepted is decided in policy/request-target.ts and proved in its own tests.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectRaw } from '../support/raw-http.ts';
import { lanes, startRawPair } from '../support/raw-upstream.ts';

const allowed = '/services/data';

const legitimate = [
  '/services/data/v67.0/sobjects/Account/Ext__c/A%2FB%20C',
  '/services/data/v67.0/sobjects/Account/Ext__c/a..b',
  '/services/data/v67.0/sobjects/Account/Ext__c/a;b=c',
  "/services/data/v67.0/sobjects/Account/Ext__c/O'Neill",
  '/services/data/v67.0/sobjects/Account/Ext__c/100%25',
  '/services/data/v67.0/sobjects/Account/Ext__c/a+b@c:d,e~f!g$h(i)*',
  '/services/data/v67.0/sobjects/Account/Ext__c/%C3%A9%E2%82%AC',
  '/services/data/v67.0/sobjects/Account/Ext__c/...',
  '/services/data/v67.0/query?q=SELECT+Id+FROM+Account+WHERE+Name=%27a/../b%27',
  '/services/data/v67.0/query?q=a\\b&c=%zz&d=%00&e=../..&f[]="<>`{|}^',
  '/services/data/v67.0/query?',
  '/services/data/v67.0/query??&&==',
  '/services/data/',
  '/services/data',
  '//services/data/v67.0/limits',
];

const hostile = [
  '/services/data/../Soap/u/64.0',
  '/services/data/v67.0/../../Soap/u/64.0',
  '/services/data/%2e%2e/Soap',
  '/services/data/%2E./Soap',
  '/services/data/..%2fSoap',
  '/services/data/..%5cSoap',
  '/services/data/%252e%252e/Soap',
  '/services/data/..;/Soap',
  '/services/data/..;x=y/Soap',
  '/services/data/./v67.0',
  '/services/data\\..\\Soap',
  '/services/data/%00',
  '/services/data/%0d%0aHost:%20evil.example',
  '/services/data/%250a',
  '/services/data/%c0%ae%c0%ae/Soap',
  '/services/data/%zz',
  '/services//data/v67.0/limits',
  '/services/./data',
  '/services/data#/x',
  'services/data',
  'http://localhost/services/data',
  '*',
];

const unknown = [
  '/',
  '/services',
  '/services/database',
  '/Services/data',
  '/setup',
  '/services/oauth2/token',
  '/services%2fdata',
  '/secur/frontdoor.jsp',
  '//evil.example/services/data',
];

test.each(lanes)(
  'legitimate targets arrive byte for byte in the $lane lane',
  async ({ upstream: limits }) => {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    for (const [i, target] of legitimate.entries()) {
      const client = await connectRaw({ port: proxy.port });
      await client.send(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx`);
      const { status } = await client.answer();
      expect({ target, status }).toEqual({ target, status: 200 });
      expect(upstream.requests()[i]?.target).toBe(target);
    }
  },
);

test('hostile targets are refused and never repaired', async () => {
  const { proxy, upstream } = await startRawPair({ proxy: { org: { policy: 'legacy' } } });
  for (const [targets, code] of [
    [hostile, 'bad_target'],
    [unknown, 'route_unknown'],
  ] as const) {
    for (const target of targets) {
      const client = await connectRaw({ port: proxy.port });
      await client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const answer = await client.answer();
      const expected = code === 'bad_target' ? [code, 'bad_request'] : [code];
      expect({ target, code: answer.header('x-proxy-error') }).toEqual({
        target,
        code: expect.toBeOneOf(expected),
      });
    }
  }
  expect(upstream.requests()).toEqual([]);
});

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%25',
      ';',
      '//',
      '%252e',
      '\\',
      '%00',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'services',
      'data',
      'Soap',
      'v67.0',
      'sobjects',
      'a',
      'B%20',
      '%C3%A9',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  },
);
const target = fc
  .tuple(
    fc.constantFrom('/services/data/', '/services/data', '/', '//services/data/'),
    fc.array(piece, { maxLength: 10 }),
  )
  .map(([start, pieces]) => start + pieces.join(''));

/** As a server that decodes as often as it can, and then resolves dots, backslashes and repeated slashes. */
function naively(path: string): string {
  let text = path.split('?')[0] ?? '';
  for (let i = 0; i < 3; i += 1) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return new URL(
    `http://x/${text
      .replace(/[#?].*/s, '')
      .replaceAll('\\', '/')
      .replace(/;[^/]*/g, '')
      .replace(/\/+/g, '/')}`,
  ).pathname.replace(/\/+/g, '/');
}

test('whatever is accepted arrives as the same bytes, under an allowed prefix', {
  timeout: 300_000,
}, async () => {
  const { proxy, upstream } = await startRawPair();
  let accepted = 0;
  let refused = 0;
  const client = { current: await connectRaw({ port: proxy.port }) };
  await fc.assert(
    fc.asyncProperty(target, async (path) => {
      if (client.current.closed || client.current.ended)
        client.current = await connectRaw({ port: proxy.port });
      const before = upstream.requests().length;
      await client.current.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const { status } = await client.current.answer();
      const arrived = upstream.requests().slice(before);
      if (status !== 200) {
        refused += 1;
        expect(status).toBeOneOf([400, 403, 404]);
        expect(arrived).toEqual([]);
        return;
      }
      accepted += 1;
      expect(arrived.map((request) => request.target)).toEqual([path]);
      expect(`${naively(path)}/`.startsWith(`${allowed}/`)).toBe(true);
    }),
    { numRuns: 1_500 },
  );
  // The generator does its work only if both happen often.
  expect(Math.min(accepted, refused)).toBeGreaterThan(100);
});
