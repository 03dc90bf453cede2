import { expect, test } from 'vitest';
import { parseListenAddress } from '../../src/config/listen-address.ts';

test.each([
  ['127.0.0.1:8080', { kind: 'tcp', host: '127.0.0.1', port: 8080 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
  ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
  ['unix:/run/proxy.sock', { kind: 'unix', path: '/run/proxy.sock' }],
  ['unix:proxy.sock', { kind: 'unix', path: '/etc/sf/proxy.sock' }],
])('%s is understood', (text, address) => {
  expect(parseListenAddress(text, '/etc/sf')).toEqual(address);
});

test.each(['', '8080', ':8080', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:', '::1:80', '[::1]'])(
  '%j is refused',
  (text) => {
    expect(() => parseListenAddress(text, '/')).toThrow('expected host:port');
  },
);

test.each(['[nonsense]:80', 'http://127.0.0.1:80', 'a b:80', 'unix:', 'unix:/a\0b'])(
  '%j is refused too',
  (text) => {
    expect(() => parseListenAddress(text, '/')).toThrow('unix:/path.sock');
  },
);
