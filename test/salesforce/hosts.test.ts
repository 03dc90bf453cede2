import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPublicAddress, parseInstanceUrl, salesforceHosts } from '../../src/salesforce/hosts.ts';

describe('instances that may receive a token', () => {
  test.each([
    ['https://acme.my.salesforce.com', 'https://acme.my.salesforce.com'],
    ['https://acme--dev.sandbox.my.salesforce.com', 'https://acme--dev.sandbox.my.salesforce.com'],
    ['https://na1.salesforce.com/', 'https://na1.salesforce.com'],
    ['https://ACME.My.SalesForce.com', 'https://acme.my.salesforce.com'],
    ['https://acme.my.salesforce.com:443', 'https://acme.my.salesforce.com'],
    ['https://acme.my.salesforce.mil', 'https://acme.my.salesforce.mil'],
    ['https://acme.my.sfcrmproducts.cn', 'https://acme.my.sfcrmproducts.cn'],
    ['https://acme.my.site.com', 'https://acme.my.site.com'],
  ])('%s', (url, origin) => {
    expect(parseInstanceUrl(url)).toEqual({ origin, listedByName: false });
  });

  test('a host listed by its whole name, with its port', () => {
    const allowed = ['localhost:8443', '127.0.0.1:9000', 'gateway.example.com'];
    expect(parseInstanceUrl('https://localhost:8443', allowed).listedByName).toBe(true);
    expect(parseInstanceUrl('http://127.0.0.1:9000', allowed).origin).toBe('http://127.0.0.1:9000');
    expect(() => parseInstanceUrl('http://gateway.example.com', allowed)).toThrow('not https');
    expect(() => parseInstanceUrl('https://localhost:8444', allowed)).toThrow('does not list');
    expect(() => parseInstanceUrl('https://x.gateway.example.com', allowed)).toThrow();
  });
});

const hostile = [
  'http://acme.my.salesforce.com',
  'https://acme.my.salesforce.com:8443',
  'https://acme.my.salesforce.com:0',
  'https://user@acme.my.salesforce.com',
  'https://acme.my.salesforce.com@evil.example',
  'https://acme.my.salesforce.com:x@evil.example',
  'https://acme.my.salesforce.com/path',
  'https://acme.my.salesforce.com//evil.example',
  'https://acme.my.salesforce.com?x',
  'https://acme.my.salesforce.com#x',
  'https://evil.example/.my.salesforce.com',
  'https://evil.example?.salesforce.com',
  'https://evil.example#.salesforce.com',
  'https://evil.example\\.salesforce.com',
  'https:\\\\acme.my.salesforce.com',
  'https:/acme.my.salesforce.com',
  'https:acme.my.salesforce.com',
  '//acme.my.salesforce.com',
  'acme.my.salesforce.com',
  'ftp://acme.my.salesforce.com',
  'javascript:alert(1)//.salesforce.com',
  'https://evilsalesforce.com',
  'https://salesforce.com',
  'https://.salesforce.com',
  'https://a..salesforce.com',
  'https://acme.my.salesforce.com.',
  'https://acme.my.salesforce.com.evil.example',
  'https://salesforce.com.evil.example',
  'https://acme.my.salesforce.co',
  'https://acme.my.salesforсe.com',
  'https://acme%2esalesforce.com',
  'https://acme.salesforce.com%00.evil.example',
  'https://acme.salesforce.com\u0000',
  'https://acme.salesforce\u3002com',
  ' https://acme.my.salesforce.com',
  'https://acme.my.salesforce.com ',
  'https://acme.my.sales\tforce.com',
  'https://acme.my.salesforce.com\n',
  'https://evil.example\r\nHost: acme.my.salesforce.com',
  'https://acme.lightning.force.com',
  'https://acme.lightning.salesforce.com',
  'https://127.0.0.1',
  'https://[::1]',
  'https://2130706433',
  'https://0x7f.1',
  'https://169.254.169.254',
  'https://localhost',
  'https://',
  'https://:443',
  '',
  'null',
];

test.each(hostile)('%j may not', (url) => {
  expect(() => parseInstanceUrl(url)).toThrow(
    expect.objectContaining({ code: 'instance_forbidden' }),
  );
});

test('a suffix of the list is no name in it', () => {
  expect(() => parseInstanceUrl('https://.salesforce.com', ['.salesforce.com'])).toThrow();
});

test('the refusal shows no control character and is short', () => {
  const url = `https://x\r\n${'y'.repeat(5000)}`;
  expect(() => parseInstanceUrl(url)).toThrow(/^[\x20-\x7e]{1,500}$/);
});

test('whatever is accepted ends in an allowed suffix, is https and has no port', () => {
  const hostLike = fc.stringMatching(/^[a-z.@:/\\?#%-]{0,20}$/);
  const suffix = fc.constantFrom(...salesforceHosts, '.evil.example', '');
  const scheme = fc.constantFrom('https://', 'http://', 'https:', '//', 'https:\\\\');
  const urls = fc
    .tuple(scheme, hostLike, suffix, fc.constantFrom('', '/', ':443', ':80', '@x', '.x'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(urls, fc.webUrl(), fc.string()), (url) => {
      let origin: string;
      try {
        ({ origin } = parseInstanceUrl(url));
      } catch {
        return;
      }
      expect(origin).toMatch(/^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)+$/);
      expect(salesforceHosts.some((entry) => origin.endsWith(entry))).toBe(true);
      // Another parser of URLs reads the same host.
      expect(new URL(url).hostname).toBe(origin.slice('https://'.length));
    }),
    { numRuns: 2000 },
  );
});

describe('addresses', () => {
  test.each(['52.10.1.1', '8.8.8.8', '2600:1f00::1', '64:ff9b::808:808', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    'not an address',
    '',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
