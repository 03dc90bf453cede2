import { describe, expect, test } from 'vitest';
import {
  parseEndpointUrl,
  parseInstanceHost,
  parseProxyUrl,
} from '../../src/config/endpoint-url.ts';

describe('an endpoint', () => {
  test.each([
    ['https://login.salesforce.com', 'https://login.salesforce.com'],
    ['https://Login.Salesforce.com/', 'https://login.salesforce.com'],
    ['https://site.force.com/customers/', 'https://site.force.com/customers'],
    ['http://127.0.0.1:8443', 'http://127.0.0.1:8443'],
    ['http://[::1]:1/', 'http://[::1]:1'],
    ['http://org.localhost:1', 'http://org.localhost:1'],
  ])('%s is taken as %s', (text, url) => {
    expect(parseEndpointUrl(text)).toBe(url);
  });

  test.each([
    '',
    'login.salesforce.com',
    'http://login.salesforce.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'ftp://login.salesforce.com',
    'https://',
    'https://user:pass@login.salesforce.com',
    'https://login.salesforce.com?x=1',
    'https://login.salesforce.com/#x',
  ])('%j is refused', (text) => {
    expect(() => parseEndpointUrl(text)).toThrow('expected an https URL');
  });
});

describe('a proxy', () => {
  test('may carry a password, and so comes out as a secret', () => {
    const proxy = parseProxyUrl('http://user:hunter2@proxy.example.com:3128');
    expect(proxy.reveal()).toBe('http://user:hunter2@proxy.example.com:3128/');
    expect(`${proxy}`).not.toContain('hunter2');
  });

  test.each(['', 'proxy:3128', 'socks5://proxy:1080', 'http://proxy/path', 'http://proxy?x'])(
    '%j is refused',
    (text) => {
      expect(() => parseProxyUrl(text)).toThrow('expected the URL of an http proxy');
    },
  );
});

describe('an instance host', () => {
  test.each([
    '.my.salesforce.com',
    'example.my.salesforce.com',
    'localhost:8443',
    '127.0.0.1:8443',
    '[::1]:8443',
    '[::1]',
    'org--sandbox.example.com',
  ])('%s is taken', (entry) => {
    expect(parseInstanceHost(entry)).toBe(entry);
  });

  test.each([
    ['.My.Salesforce.com', '.my.salesforce.com'],
    ['Example.com:443', 'example.com'],
    ['[0:0:0:0:0:0:0:1]:8443', '[::1]:8443'],
  ])('%s is written as URL.host gives it: %s', (entry, host) => {
    expect(parseInstanceHost(entry)).toBe(host);
  });

  test.each([
    '',
    '.',
    '.com',
    '*.my.salesforce.com',
    'https://example.com',
    'example.com/path',
    'example.com:0',
    'example.com:65536',
    '.my.salesforce.com:443',
    'user@example.com',
    'a..b',
    '-a.example.com',
    '[nonsense]',
    '[:::]',
    '999.0.0.1',
  ])('%j is refused', (entry) => {
    expect(() => parseInstanceHost(entry)).toThrow('expected a suffix such as .my.salesforce.com');
  });
});
