import { describe, expect, test } from 'vitest';
import { parseOrigin, parseRequestHost } from '../../src/config/request-host.ts';

describe('a host by which the proxy is reached', () => {
  test.each([
    ['localhost', 'localhost'],
    [' Dev.Example.com ', 'dev.example.com'],
    ['*.localhost', '*.localhost'],
    ['my_proxy.internal', 'my_proxy.internal'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[FE80::1]', '[fe80::1]'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%s', (text, host) => {
    expect(parseRequestHost(text)).toBe(host);
  });

  // Each would allow more than it seems to, or nothing at all.
  test.each([
    '',
    '*',
    '*.',
    '*localhost',
    'a.*.example',
    '**.localhost',
    '.localhost',
    'localhost.',
    'localhost:8080',
    'http://localhost',
    'localhost/',
    'user@localhost',
    'a..b',
    'local host',
    'bücher.example',
    '::1',
    '[::1]:80',
    '[::1',
    '[::zz]',
    '[::1%lo]',
  ])('%j is none', (text) => {
    expect(() => parseRequestHost(text)).toThrow('expected a host name without a port');
  });
});

describe('an origin whose pages may call', () => {
  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://App.Example.com/', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['*', '*'],
  ])('%s', (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });

  test.each([
    '',
    'null',
    'app.example.com',
    '//app.example.com',
    'https://',
    'https://*.example.com',
    'https://*.example.com/x',
    'https://app.example.com/path',
    'https://app.example.com?x',
    'https://user@app.example.com',
    'file://',
    'data:text/html,x',
    'https://app.example.com https://b.example',
  ])('%j is none', (text) => {
    expect(() => parseOrigin(text)).toThrow('expected an origin');
  });
});
