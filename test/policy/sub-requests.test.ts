import { describe, expect, test } from 'vitest';
import { parseRequestTarget } from '../../src/policy/request-target.ts';
import { carriesSubRequests, listSubRequests } from '../../src/policy/sub-requests.ts';

const v = '/services/data/v60.0';

function list(method: string, path: string, ...bodies: unknown[]): string[] {
  const target = parseRequestTarget(v + path);
  return listSubRequests({ method, target, bodies }).map(
    (sub) => `${sub.method} ${sub.target.raw}`,
  );
}

const refused = expect.objectContaining({ code: 'policy_denied' });

test.each([
  '/composite',
  '/composite/',
  '/composite?x=1',
  '/Composite',
  '/composite.json',
  '/composite/tree/Account',
  '/composite%2Fbatch',
  '/composite;x',
  '/%63omposite',
  '//composite',
  '/tooling/composite',
  '/tooling/composite/batch',
  '/connect/batch',
  '/chatter/batch',
  '/graphql',
  '/GraphQL',
  '/graphql.xml',
  '/graphql%20',
])('%s carries sub-requests', (path) => {
  expect(carriesSubRequests(parseRequestTarget(v + path))).toBe(true);
});

test.each([
  '',
  '/query?q=/composite',
  '/sobjects/composite',
  '/sobjects/Account/Ext__c/graphql',
  '/compositex',
  '/composite_x',
  '/jobs/query',
  '/connect/batches',
])('%s carries none', (path) =>
  expect(carriesSubRequests(parseRequestTarget(v + path))).toBe(false),
);

test('listed requests and what they carry in turn', () => {
  const inner = { batchRequests: [{ method: 'DELETE', url: 'v60.0/sobjects/Account/001' }] };
  const middle = {
    compositeRequest: [{ method: 'POST', url: `${v}/composite/batch`, body: inner }],
  };
  expect(list('POST', '/composite', middle)).toEqual([
    `POST ${v}/composite/batch`,
    `DELETE ${v}/sobjects/Account/001`,
  ]);
  const rich = {
    batchRequests: [{ method: 'POST', url: 'v60.0/graphql', richInput: { query: 'mutation{a}' } }],
  };
  expect(list('POST', '/composite/batch', rich)).toEqual(
    ['POST', 'POST', 'PATCH', 'DELETE'].map((method) => `${method} ${v}/graphql`),
  );
  const tree = {
    graphs: [
      {
        compositeRequest: [{ method: 'POST', url: `${v}/composite/tree/X`, body: { records: [] } }],
      },
    ],
  };
  expect(list('POST', '/composite/graph', tree)).toEqual([
    `POST ${v}/composite/tree/X`,
    `POST ${v}/sobjects/X`,
  ]);
  const remove = {
    compositeRequest: [{ method: 'DELETE', url: `${v}/composite/sobjects?ids=001` }],
  };
  expect(list('POST', '/composite', remove)).toEqual([
    `DELETE ${v}/composite/sobjects?ids=001`,
    `DELETE ${v}/sobjects/@{type}`,
  ]);
});

test('nesting and number are bounded', () => {
  const nest = (depth: number): unknown => ({
    compositeRequest: [
      { method: 'POST', url: `${v}/composite`, body: depth === 0 ? undefined : nest(depth - 1) },
    ],
  });
  expect(list('POST', '/composite', nest(1))).toHaveLength(2);
  expect(() => list('POST', '/composite', nest(3))).toThrow('nested too deeply');
  const many = (n: number) => ({
    compositeRequest: Array.from({ length: n }, () => ({ method: 'GET', url: `${v}/limits` })),
  });
  expect(list('POST', '/composite', many(1_000))).toHaveLength(1_000);
  expect(() => list('POST', '/composite', many(1_001))).toThrow('too many');
  const batch = (n: number) => ({ method: 'POST', url: `${v}/composite`, body: many(n) });
  const nested = { compositeRequest: [batch(500), batch(499)] };
  expect(() => list('POST', '/composite', nested)).toThrow('too many');
});

describe('trees and collections are requests to the sObjects they name', () => {
  const record = (type: unknown, more = {}) => ({ attributes: { type }, ...more });
  test('every type in a tree is created, at every depth', () => {
    const body = {
      records: [
        record('Account', {
          Contacts: { records: [record('Contact', { Cases: { records: [record('Case')] } })] },
        }),
        record('Lead'),
      ],
    };
    expect(list('POST', '/composite/tree/Account', body)).toEqual(
      ['Account', 'Contact', 'Case', 'Lead'].map((type) => `POST ${v}/sobjects/${type}`),
    );
  });

  test('the type in the path counts even if no record has it', () => {
    expect(list('POST', '/composite/tree/Secret__c', { records: [record('Lead')] })).toEqual(
      ['Lead', 'Secret__c'].map((type) => `POST ${v}/sobjects/${type}`),
    );
    expect(
      list('PATCH', '/composite/sobjects/Secret__c/Ext__c', { records: [record('Lead')] }),
    ).toEqual(['Secret__c', 'Lead'].map((type) => `PATCH ${v}/sobjects/${type}`));
  });

  test('a record without a type may be of any', () => {
    expect(
      list('POST', '/composite/sobjects', {
        records: [record('Lead'), {}, record(7), { attributes: 'x' }],
      }),
    ).toEqual(['Lead', '@{type}'].map((type) => `POST ${v}/sobjects/${type}`));
    expect(list('PATCH', '/composite/sobjects', {})).toEqual([`PATCH ${v}/sobjects/@{type}`]);
    expect(list('DELETE', '/composite/sobjects?ids=001')).toEqual([`DELETE ${v}/sobjects/@{type}`]);
  });

  test('ids and fields, and nothing else, are read', () => {
    expect(list('POST', '/composite/sobjects/Account', { ids: [], fields: [] })).toEqual([
      `GET ${v}/sobjects/Account`,
    ]);
    expect(list('GET', '/composite/sobjects/Account?ids=001')).toEqual([
      `GET ${v}/sobjects/Account`,
    ]);
    expect(list('POST', '/composite/sobjects/Account', { ids: [] })).toEqual([
      `POST ${v}/sobjects/Account`,
    ]);
    expect(list('POST', '/composite/sobjects/Account', { ids: [], fields: [], x: 1 })).toEqual([
      `POST ${v}/sobjects/Account`,
    ]);
    expect(
      list('POST', '/composite/sobjects/Account', { ids: [], fields: [] }, { records: [] }),
    ).toEqual([`POST ${v}/sobjects/Account`]);
    expect(list('PATCH', '/composite/sobjects/Account', { ids: [], fields: [] })).toEqual([
      `PATCH ${v}/sobjects/Account`,
    ]);
    expect(
      list('POST', '/composite/sobjects/Account?_HttpMethod=PATCH', { ids: [], fields: [] }),
    ).toEqual(['POST', 'PATCH'].map((method) => `${method} ${v}/sobjects/Account`));
    expect(list('POST', '/composite/sobjects', { ids: [], fields: [] })).toEqual([
      `POST ${v}/sobjects/@{type}`,
    ]);
  });

  test.each([
    ['an odd type', { records: [record('Account/../User')] }],
    ['an empty type', { records: [record('')] }],
    ['two spellings of records', { records: [], Records: [record('User')] }],
    [
      'two spellings of attributes',
      { records: [{ attributes: { type: 'Lead' }, Attributes: { type: 'User' } }] },
    ],
    ['two spellings of type', { records: [{ attributes: { type: 'Lead', Type: 'User' } }] }],
    [
      'another spelling below',
      { records: [record('Lead', { Users: { RECORDS: [record('User')] } })] },
    ],
    ['records that are no list', { records: { a: record('User') } }],
    ['records that are no objects', { records: ['User'] }],
    ['a list as body', [record('User')]],
  ])('%s: refused', (_, body) => {
    expect(() => list('POST', '/composite/tree/Lead', body)).toThrow(refused);
    expect(() => list('POST', '/composite/sobjects', body)).toThrow(refused);
  });
});

test('GraphQL: a query adds nothing, a mutation is every kind of write', () => {
  const writes = ['POST', 'PATCH', 'DELETE'];
  expect(list('POST', '/graphql', { query: '{a}' })).toEqual([]);
  expect(list('GET', '/graphql')).toEqual([]);
  expect(list('POST', '/graphql', { query: '{a} mutation m {b}', operationName: 'q' })).toEqual(
    writes.map((method) => `${method} ${v}/graphql`),
  );
  expect(list('GET', '/graphql?query=mutation{b}')).toEqual(
    writes.map((method) => `${method} ${v}/graphql?query=mutation{b}`),
  );
  expect(() => list('POST', '/graphql', { query: '{' })).toThrow(refused);
  expect(() => list('POST', '/graphql', {})).toThrow(refused);
});

test.each([
  '/composite;x',
  '/composite%2Fbatch',
  '/%63omposite',
  '/Composite',
  '/Tooling/composite',
  '/composite.json',
  '/composite/other',
  '//composite',
  '/Graphql?query=mutation{b}',
])('%s: a path that only resembles a carrier is not guessed at', (path) =>
  expect(() => list('GET', path)).toThrow(refused),
);
