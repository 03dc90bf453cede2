// DNS rebinding: a page on the internet points its own name at 127.0.0.1, and the browser then takes this proxy for that page's
// server. Only the Host header tells otherwise. So it is judged first, and nothing of a refused request goes to Salesforce.
import { expect, test } from 'vitest';
import { connectRaw } from '../support/raw-http.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';

const target = '/services/data/v67.0/limits';

async function ask(proxy: TestProxy, hostLines: readonly string[], version = '1.1') {
  const client = await connectRaw({ port: proxy.port });
  await client.send([`GET ${target} HTTP/${version}`, ...hostLines, '', ''].join('\r\n'));
  const { status, headers } = await client.answer();
  return { status, code: new Map(headers).get('x-proxy-error') };
}

test('names that mean this machine are served, whatever the port and the case', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, {
    config: { access: { allowed_hosts: ['localhost', '127.0.0.1', '[::1]', '*.localhost'] } },
    org: { hosts: ['Dev.Example.com'] },
  });
  const served = [
    'localhost',
    `localhost:${proxy.port}`,
    'localhost:1',
    'LocalHost:8080',
    'LOCALHOST',
    '127.0.0.1',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:8080',
    'dev.localhost',
    'a.b.localhost:8080',
    'A.LOCALHOST',
    'my_org.localhost',
    'dev.example.com',
    'DEV.EXAMPLE.COM:443',
  ];
  for (const host of served) {
    expect(await ask(proxy, [`Host: ${host}`]), host).toMatchObject({ status: 200 });
  }
  expect(await ask(proxy, ['Host: localhost'], '1.0')).toMatchObject({ status: 200 });
  expect(org.control.counts().requests).toBe(served.length + 1);
});

const refused: [what: string, hostLines: string[]][] = [
  ['a name of the internet', ['Host: evil.example']],
  ['the same with our port', ['Host: evil.example:8080']],
  ['a name that embeds the address, as rebinding services have', ['Host: 127.0.0.1.nip.io']],
  ['another such', ['Host: 7f000001.c0a80001.rbndr.us']],
  ['a name that ends like ours', ['Host: evillocalhost']],
  ['a name that begins like ours', ['Host: localhost.evil.example']],
  ['nothing before the suffix', ['Host: .localhost']],
  ['the suffix as it is configured', ['Host: *.localhost']],
  ['a trailing dot, which is another name', ['Host: localhost.']],
  ['a trailing dot below the suffix', ['Host: dev.localhost.']],
  ['user information', ['Host: localhost@evil.example']],
  ['user information that looks like us', ['Host: evil.example@localhost']],
  ['a port that is a password', ['Host: localhost:x@evil.example']],
  ['a port that is none', ['Host: localhost:http']],
  ['a port with a sign', ['Host: localhost:+80']],
  ['a port that is too long', ['Host: localhost:808080']],
  ['an empty port', ['Host: localhost:']],
  ['a path', ['Host: localhost/evil.example']],
  ['a backslash', ['Host: localhost\\evil.example']],
  ['a query', ['Host: localhost?evil.example']],
  ['a fragment', ['Host: localhost#evil.example']],
  ['a comma', ['Host: localhost, evil.example']],
  ['two names', ['Host: localhost evil.example']],
  ['percent-encoding', ['Host: localhos%74']],
  ['bytes above ASCII', ['Host: lo\u00e7alhost']],
  ['the address of every interface', ['Host: 0.0.0.0']],
  ['another spelling of the address', ['Host: 127.1']],
  ['the address as a number', ['Host: 2130706433']],
  ['the address in hexadecimal', ['Host: 0x7f000001']],
  ['another loopback address', ['Host: 127.0.0.2']],
  ['an IPv4 address in IPv6', ['Host: [::ffff:127.0.0.1]']],
  ['IPv6 with a zone', ['Host: [::1%25lo]']],
  ['IPv6 without brackets', ['Host: ::1']],
  ['an open bracket', ['Host: [::1']],
  ['an empty one', ['Host:']],
  ['none', []],
  ['none of that name', ['X-Forwarded-Host: localhost', 'Forwarded: host=localhost']],
  ['two', ['Host: localhost', 'Host: evil.example']],
  ['two, ours last', ['Host: evil.example', 'Host: localhost']],
  ['twice the same', ['Host: localhost', 'host: localhost']],
];

test('every other Host is refused, and Salesforce hears nothing', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  org.control.resetCounts();
  for (const [what, hostLines] of refused) {
    expect(await ask(proxy, hostLines), what).toEqual({ status: 403, code: 'host_forbidden' });
  }
  expect(await ask(proxy, [], '1.0')).toEqual({ status: 403, code: 'host_forbidden' });
  expect(org.control.counts()).toMatchObject({ requests: 0, refused: 0 });
  // Each is in the log, so that an operator sees what somebody tried.
  const codes = proxy.eventsOf('request').map(({ error }) => error?.code);
  expect(codes).toEqual(Array(refused.length + 1).fill('host_forbidden'));
});

test('a forwarded-for header makes no other host of it', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  const lines = ['Host: localhost', 'X-Forwarded-Host: evil.example', 'X-Host: evil.example'];
  expect(await ask(proxy, lines)).toMatchObject({ status: 200 });
});
