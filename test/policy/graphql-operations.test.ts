import { expect, test } from 'vitest';
import {
  documentInBody,
  documentsInQuery,
  onlyQueries,
} from '../../src/policy/graphql-operations.ts';

test.each([
  '{ uiapi { query { Account { edges { node { Id Mutation__c submutation } } } } } }',
  'query accounts($a: String = "x") { uiapi { a(x: $a) } }',
  'query a { x } query b { y }',
  'fragment f on Account { a } query q { ...f }',
  '# a comment\n{ a(x: """text""") }',
])('%s only reads', (document) => expect(onlyQueries([document])).toBe(true));

// Comments and strings may end elsewhere for another parser: at U+2028, or at an escaped triple quote.
test.each([
  '{ a } #\u2028 mutation m { b }',
  '{ a } #\u0085 subscription m { b }',
  '{ a(x: """ \\""" ) } mutation m { b } # """) }',
  '{ a(x: "mutation { b }") }',
  'query mutation { subscription }',
])('%j may hide a write from us', (document) => {
  expect(() => onlyQueries([document])).toThrow('use a variable');
});

test.each([
  'mutation { uiapi { AccountCreate(input: {}) { Record { Id } } } }',
  'mutation M($x: X) @d { a }',
  'query a { x } mutation b { y }',
  'mutation b { y } query a { x }',
  'subscription { x }',
  '\ufeffmutation{a}',
  ',,,mutation,{a}',
  '#{ x }\rmutation{a}',
  'query a { x(s: "\\"") } mutation b { y(s: "\\"") }',
])('%s writes', (document) => expect(onlyQueries([document])).toBe(false));

test('one document that writes is enough', () => {
  expect(onlyQueries(['{ a }', 'mutation { b }', '{ c }'])).toBe(false);
});

test.each([
  '',
  'not graphql',
  '{ a ',
  'fragment f on A { b }',
  'type A { b: C }',
  'mutatio\\u006e { a }',
  '{ a } }',
  `{${'a{'.repeat(50_000)}`,
  `{ ${'a '.repeat(30_000)} }`,
])('what cannot be parsed is refused (%#)', (document) => {
  expect(() => onlyQueries([document])).toThrow(expect.objectContaining({ code: 'policy_denied' }));
});

test('the document is the "query" of the body', () => {
  expect(documentInBody({ query: '{ a }', variables: {}, operationName: 'x' })).toBe('{ a }');
});

test.each([
  ['nothing', undefined],
  ['a string', 'mutation { a }'],
  ['a list', [{ query: '{ a }' }]],
  ['no query', { extensions: { persistedQuery: {} } }],
  ['a query that is no text', { query: ['{ a }'] }],
  ['two spellings', { query: '{ a }', Query: 'mutation { a }' }],
  ['another spelling', { QUERY: '{ a }' }],
])('%s in the body is refused', (_, body) => {
  expect(() => documentInBody(body)).toThrow(expect.objectContaining({ code: 'policy_denied' }));
});

test.each([
  [undefined, []],
  ['', []],
  ['x=1', []],
  ['query=%7B+a+%7D', ['{ a }', '{   a   }'.replace('   a   ', ' a ')]],
  ['query=a&query=b', ['a', 'b']],
  ['x=1;query=mutation', ['mutation']],
  ['x=1%26query=mutation', ['mutation']],
  ['%71uery=mutation', ['mutation']],
  ['%2571uery=mutation', ['mutation']],
  ['Query=mutation', ['mutation']],
])('documents in the query string %s', (query, expected) => {
  expect(documentsInQuery(query)).toEqual([...new Set(expected)]);
});

test('a doubly encoded document is seen decoded', () => {
  expect(documentsInQuery('query=%256dutation%257Ba%257D')).toContain('mutation{a}');
});
