import { expect, test } from 'vitest';
import { knownMethods } from '../../src/config/policy-rule.ts';
import { isMethodOverride, plausibleMethods } from '../../src/policy/http-methods.ts';
import { parseRequestTarget } from '../../src/policy/request-target.ts';

function methods(method: string, pathAndQuery: string, extra = {}): string {
  const target = parseRequestTarget(`/services/data/v60.0/${pathAndQuery}`);
  return plausibleMethods({ method, target, ...extra }).join();
}

const any = (own: string) => [...new Set([own, ...knownMethods])].join();

test.each([
  ['sobjects/Account/001', 'POST'],
  ['sobjects/Account/001?', 'POST'],
  ['query?q=SELECT+Id+FROM+X', 'POST'],
  ['x?_HttpMethod=PATCH', 'POST,PATCH'],
  ['x?_HttpMethod=POST', 'POST'],
  ['x?_httpmethod=patch', 'POST,PATCH'],
  ['x?_HTTPMETHOD=Patch', 'POST,PATCH'],
  ['x?%5FHttpMethod=DELETE', 'POST,DELETE'],
  ['x?%255FHttpMethod=DELETE', 'POST,DELETE'],
  ['x?%25%35%46HttpMethod=DELETE', 'POST,DELETE'],
  ['x?%%35FHttpMethod=DELETE', 'POST,DELETE'],
  ['x?a=1%26_HttpMethod=DELETE', 'POST,DELETE'],
  ['x?a=1&_HttpMethod=DELETE&b=2', 'POST,DELETE'],
  ['x?a=1;_HttpMethod=DELETE', 'POST,DELETE'],
  ['x?_HttpMethod=DELETE;b=1', 'POST,DELETE'],
  ['x?_HttpMethod=GET&_HttpMethod=DELETE', 'POST,GET,DELETE'],
  ['x%3F_HttpMethod=DELETE', 'POST,DELETE'],
  ['x;_HttpMethod=DELETE', 'POST,DELETE'],
  ['x?y?_HttpMethod=DELETE', 'POST,DELETE'],
  ['x=1?_HttpMethod=DELETE', 'POST,DELETE'],
  ['x?y=1%23_HttpMethod=DELETE', 'POST,DELETE'],
  ['x?+_HttpMethod+=DELETE', 'POST,DELETE'],
  ['x?q=%27_HttpMethod%3DDELETE%27', 'POST'],
])('POST %s may be %s', (target, expected) => expect(methods('POST', target)).toBe(expected));

test.each([
  'x?_HttpMethod',
  'x?_HttpMethod=%50ATCH',
  'x?_HttpMethod=%2550ATCH',
  'x?_HttpMethod%3DDELETE',
  'x?_HttpMethod=',
  'x?_HttpMethod=DEL',
  'x?_HttpMethod=DELETE%00',
  'x?_HttpMethod=DELETE,GET',
])('a value that is no method may be any: %s', (target) =>
  expect(methods('POST', target)).toBe(any('POST')),
);

test('on any HTTP method, not only POST', () => {
  expect(methods('GET', 'x?_HttpMethod=DELETE')).toBe('GET,DELETE');
  expect(methods('OPTIONS', 'x?_HttpMethod=DELETE')).toBe('OPTIONS,DELETE');
  expect(methods('get', 'x')).toBe('GET');
});

test('override headers count as well', () => {
  expect(methods('POST', 'x', { methodOverrides: ['delete'] })).toBe('POST,DELETE');
  expect(methods('POST', 'x', { methodOverrides: ['GET', ' PUT '] })).toBe('POST,GET,PUT');
  expect(methods('POST', 'x', { methodOverrides: ['GET, DELETE'] })).toBe(any('POST'));
});

test('a form body may hold _HttpMethod, unseen', () => {
  const contentType = 'Application/X-WWW-Form-Urlencoded; charset=UTF-8';
  expect(methods('POST', 'x', { contentType })).toBe(any('POST'));
  expect(methods('PUT', 'x', { contentType })).toBe(any('PUT'));
  expect(methods('GET', 'x', { contentType })).toBe('GET');
  expect(methods('HEAD', 'x', { contentType })).toBe('HEAD');
  expect(methods('POST', 'x', { contentType: 'application/json' })).toBe('POST');
  expect(methods('POST', 'x', { contentType: 'multipart/form-data; boundary=x' })).toBe('POST');
});

test('a name that is no latin1, as JSON may hold it, is not taken for the one that its lower bytes would make', () => {
  expect(isMethodOverride('\u0158-HTTP-Method')).toBe(false);
  expect(isMethodOverride('X-HTTP-Method')).toBe(true);
  expect(isMethodOverride('\u0158-HTTP-Method')).toBe(false);
});
