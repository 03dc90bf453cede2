import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../../src/errors.ts';
import {
  compilePolicy,
  type JudgedRequest,
  judge,
  needsBody,
  type Policy,
} from '../../src/policy/policy.ts';
import { parseRequestTarget } from '../../src/policy/request-target.ts';

const v = '/services/data/v60.0';

function ask(policy: Policy, method: string, raw: string, more: Partial<JudgedRequest> = {}) {
  return judge(policy, { method, target: parseRequestTarget(raw), ...more });
}

function carrying(json: unknown): Partial<JudgedRequest> {
  return { body: Buffer.from(JSON.stringify(json)), contentType: 'application/json' };
}

const policyOf = (allow: string[], deny: string[] = []) =>
  compilePolicy({ name: 'p', allow, deny });

describe('rules', () => {
  const reports = policyOf(
    ['GET /services/data/**', 'POST /services/data/*/query'],
    ['* /services/data/*/tooling/**', 'DELETE,PATCH /services/data/**'],
  );

  test('an allowed request', () => {
    expect(ask(reports, 'GET', `${v}/limits`)).toEqual({ allowed: true });
  });

  test('deny wins over allow, and the refusal names the rule', () => {
    expect(ask(reports, 'GET', `${v}/tooling/query?q=secret`)).toEqual({
      allowed: false,
      code: 'policy_denied',
      rule: '* /services/data/*/tooling/**',
      reason: `Policy "p" refuses the request: rule "deny * /services/data/*/tooling/**" matches GET ${v}/tooling/query.`,
    });
  });

  test('what no rule allows is refused, without its query', () => {
    expect(ask(reports, 'POST', `${v}/sobjects/Account?secret=1`)).toEqual({
      allowed: false,
      code: 'policy_denied',
      rule: 'no rule allows it',
      reason: `Policy "p" refuses the request: no rule allows POST ${v}/sobjects/Account.`,
    });
    expect(JSON.stringify(ask(reports, 'POST', `${v}/${'x'.repeat(9_000)}`)).length).toBeLessThan(
      500,
    );
  });

  test('a policy without rules allows nothing', () => {
    expect(ask(policyOf([]), 'GET', '/services/data').allowed).toBe(false);
  });

  test('a deny rule needs one plausible method, an allow rule has to cover them all', () => {
    expect(ask(reports, 'POST', `${v}/query?_HttpMethod=PATCH`)).toMatchObject({
      rule: 'DELETE,PATCH /services/data/**',
    });
    expect(ask(reports, 'POST', `${v}/query?_HttpMethod=GET`).allowed).toBe(true);
    expect(ask(reports, 'POST', `${v}/query?_HttpMethod=PUT`)).toMatchObject({
      reason: expect.stringContaining('allows PUT /'),
    });
    expect(ask(reports, 'GET', `${v}/limits`, { methodOverrides: ['PUT'] }).allowed).toBe(false);
    expect(
      ask(reports, 'POST', `${v}/query`, { contentType: 'application/x-www-form-urlencoded' })
        .allowed,
    ).toBe(false);
  });

  test('several allow rules may cover the methods together', () => {
    const policy = policyOf([
      'POST /services/data/*/a',
      'PATCH /services/data/*/*',
      'GET /services/data/*/b',
    ]);
    expect(ask(policy, 'POST', `${v}/a?_HttpMethod=PATCH`).allowed).toBe(true);
    expect(ask(policy, 'POST', `${v}/b?_HttpMethod=PATCH`).allowed).toBe(false);
    expect(ask(policy, 'PATCH', `${v}/b?_HttpMethod=GET`).allowed).toBe(true);
  });

  test('presets and own rules add up', () => {
    const policy = compilePolicy({
      name: 'mixed',
      presets: ['read-only'],
      allow: ['POST /services/data/*/sobjects/Case', '* /services/apexrest/hook'],
      deny: ['* /services/data/*/sobjects/Secret__c/**'],
    });
    expect(ask(policy, 'POST', `${v}/sobjects/Case`).allowed).toBe(true);
    expect(ask(policy, 'POST', `${v}/sobjects/Lead`).allowed).toBe(false);
    expect(ask(policy, 'GET', `${v}/sobjects/Secret__c/001`).allowed).toBe(false);
    expect(ask(policy, 'PUT', '/services/apexrest/hook').allowed).toBe(true);
    expect(ask(policy, 'GET', `${v}/tooling/executeAnonymous`).allowed).toBe(false);
  });

  test('a bad rule is named', () => {
    expect(() => policyOf(['GET /services/data/**'], ['GET /nowhere'])).toThrow(
      'Rule "GET /nowhere"',
    );
  });
});

describe('which bodies are looked into', () => {
  const needs = (policy: Policy, path: string) => needsBody(policy, parseRequestTarget(path));
  const narrow = policyOf(['* /services/data/**'], ['* /services/data/*/tooling/**']);

  test('none where everything below /services/data is allowed', () => {
    for (const open of [
      policyOf(['* /services/data/**']),
      policyOf(['GET /id/**', '* /**'], ['* /services/apexrest/**', '* /cometd/**']),
    ]) {
      expect(needs(open, `${v}/composite`)).toBe(false);
      expect(ask(open, 'POST', `${v}/composite`).allowed).toBe(true);
    }
  });

  test('those of carriers, wherever something may be refused', () => {
    expect(needs(narrow, `${v}/composite`)).toBe(true);
    expect(needs(narrow, `${v}/GRAPHQL`)).toBe(true);
    expect(needs(narrow, `${v}/sobjects/Account`)).toBe(false);
    expect(needs(narrow, '/services/apexrest/composite')).toBe(false);
    expect(needs(policyOf(['GET,POST,PUT,PATCH,DELETE /services/data/**']), `${v}/composite`)).toBe(
      true,
    );
    expect(needs(policyOf(['* /services/data/*/**']), `${v}/composite`)).toBe(true);
  });

  test('judging without the body is a mistake of ours, never a yes', () => {
    expect(() => ask(narrow, 'POST', `${v}/composite`)).toThrow(
      new TypeError('judge() needs the body of this request'),
    );
  });

  test('a request that is refused anyway is refused first', () => {
    expect(ask(policyOf(['GET /services/data/**']), 'POST', `${v}/composite`).allowed).toBe(false);
  });
});

describe('sub-requests', () => {
  const noSecrets = policyOf(
    ['* /services/data/**'],
    ['* /services/data/*/sobjects/Secret__c/**', '* /services/data/*/tooling/**'],
  );
  const composite = (...requests: object[]) => carrying({ compositeRequest: requests });
  const get = (url: string, more = {}) => ({ method: 'GET', url, referenceId: 'r', ...more });

  test('each has to pass', () => {
    expect(ask(noSecrets, 'POST', `${v}/composite`, composite(get(`${v}/limits`))).allowed).toBe(
      true,
    );
    expect(
      ask(
        noSecrets,
        'POST',
        `${v}/composite`,
        composite(get(`${v}/limits`), get(`${v}/sobjects/Secret__c/001`)),
      ),
    ).toEqual({
      allowed: false,
      code: 'policy_denied',
      rule: '* /services/data/*/sobjects/Secret__c/**',
      reason: `In a sub-request: Policy "p" refuses the request: rule "deny * /services/data/*/sobjects/Secret__c/**" matches GET ${v}/sobjects/Secret__c/001.`,
    });
  });

  test.each([
    [
      'a tree',
      'POST',
      '/composite/tree/Secret__c',
      { records: [{ attributes: { type: 'Secret__c' } }] },
    ],
    [
      'a tree under another name',
      'POST',
      '/composite/tree/Lead',
      { records: [{ attributes: { type: 'secret__c' } }] },
    ],
    [
      'a collection',
      'PATCH',
      '/composite/sobjects',
      { records: [{ attributes: { type: 'Secret__c' } }] },
    ],
    ['a retrieve', 'POST', '/composite/sobjects/Secret__c', { ids: [], fields: [] }],
    ['a deletion by id', 'DELETE', '/composite/sobjects?ids=a00', undefined],
    [
      'a reference as sObject',
      'POST',
      '/composite',
      { compositeRequest: [get(`${v}/sobjects/@{a.id}`)] },
    ],
    [
      'a reference as part of a name',
      'POST',
      '/composite',
      { compositeRequest: [get(`${v}/tool@{a.id}/x`)] },
    ],
    [
      'a graph',
      'POST',
      '/composite/graph',
      { graphs: [{ compositeRequest: [get(`${v}/tooling/query`)] }] },
    ],
    ['a batch', 'POST', '/composite/batch', { batchRequests: [get('v60.0/tooling/query')] }],
    [
      'the batch of Connect',
      'POST',
      '/connect/batch',
      { batchRequests: [get('/v60.0/tooling/query')] },
    ],
    ['an encoded name', 'POST', '/composite', { compositeRequest: [get(`${v}/%74ooling/query`)] }],
    ['an unknown reference', 'POST', '/composite', { compositeRequest: [get(`${v}/@{a.Name}`)] }],
    ['climbing', 'POST', '/composite', { compositeRequest: [get(`${v}/x/../tooling/query`)] }],
  ])('%s is no way around', (_, method, path, json) => {
    const body = json === undefined ? { body: Buffer.of() } : carrying(json);
    expect(ask(noSecrets, method, v + path, body)).toMatchObject({
      allowed: false,
      code: 'policy_denied',
    });
  });

  test('a reference to an id is fine where any id is', () => {
    const requests = composite(
      { method: 'POST', url: `${v}/sobjects/Account` },
      { method: 'PATCH', url: `${v}/sobjects/Contact/@{a.id}` },
    );
    expect(ask(noSecrets, 'POST', `${v}/composite`, requests).allowed).toBe(true);
  });

  test('a mutation needs every kind of write', () => {
    const mutation = carrying({ query: 'mutation { a }' });
    const posting = policyOf(['POST /services/data/*/graphql']);
    const writing = policyOf(['POST,PATCH,DELETE /services/data/*/graphql']);
    expect(ask(posting, 'POST', `${v}/graphql`, carrying({ query: '{ a }' })).allowed).toBe(true);
    expect(ask(posting, 'POST', `${v}/graphql`, mutation).allowed).toBe(false);
    expect(ask(writing, 'POST', `${v}/graphql`, mutation).allowed).toBe(true);
  });

  const good = JSON.stringify({ compositeRequest: [get(`${v}/limits`)] });
  test.each([
    ['too large', { body: 'too_large' as const }, 'body_too_large'],
    [
      'a bomb',
      { body: gzipSync(Buffer.alloc(5 * 1024 * 1024, ' ')), contentEncoding: 'gzip' },
      'body_too_large',
    ],
    ['XML', { body: Buffer.from(good), contentType: 'application/xml' }, 'policy_denied'],
    ['no JSON', { body: Buffer.from('<batch/>') }, 'policy_denied'],
    [
      'a duplicate key',
      { body: Buffer.from(good.replace('"GET"', '"GET","method":"GET"')) },
      'policy_denied',
    ],
    ['UTF-16', { body: Buffer.from(good, 'utf16le') }, 'policy_denied'],
  ])('a body that is %s is refused, with the reason', (_, more, code) => {
    expect(ask(noSecrets, 'POST', `${v}/composite`, { body: Buffer.from(good) }).allowed).toBe(
      true,
    );
    expect(ask(noSecrets, 'POST', `${v}/composite`, more)).toMatchObject({
      allowed: false,
      code,
      rule: 'what cannot be judged is refused',
      reason: expect.stringMatching(/judged/),
    });
  });

  test('a url that is refused says why, as one sentence after another', () => {
    const verdict = ask(noSecrets, 'POST', `${v}/composite`, composite(get(`${v}/../x`)));
    expect(verdict).toMatchObject({ reason: expect.stringMatching(/"\.\." segment.* path\.$/) });
  });

  test('hostile bodies are judged in linear time', () => {
    // More than linear, and the deadline of the test is missed by far.
    const url = `${v}/sobjects/Account/Ext__c/${'%2F;x%5c'.repeat(20)}`;
    const bodies = [
      carrying({ compositeRequest: Array.from({ length: 1_000 }, () => get(url)) }),
      carrying({ compositeRequest: Array.from({ length: 9_000 }, () => get(url)) }),
      carrying({ compositeRequest: [get(`${v}/x?${'@{a'.repeat(300_000)}`)] }),
      { body: Buffer.from('{"a":'.repeat(200_000)) },
      { body: Buffer.from(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`) },
    ];
    for (const body of bodies) ask(noSecrets, 'POST', `${v}/composite`, body);
  });

  test('a compressed body is judged by what it holds', () => {
    const held = (url: string) => ({
      body: gzipSync(JSON.stringify({ compositeRequest: [get(url)] })),
      contentType: 'application/json; charset=UTF-8',
      contentEncoding: 'gzip',
    });
    expect(ask(noSecrets, 'POST', `${v}/composite`, held(`${v}/limits`)).allowed).toBe(true);
    expect(ask(noSecrets, 'POST', `${v}/composite`, held(`${v}/tooling/query`)).allowed).toBe(
      false,
    );
  });
});

test('no encoding of any character turns a refusal into a yes', async () => {
  const readOnly = compilePolicy({ name: 'read-only', presets: ['read-only'] });
  const custom = policyOf(
    ['* /services/**'],
    [
      '* /services/data/*/tooling/**',
      'POST,DELETE /services/data/*/sobjects/**',
      '* /services/apexrest/admin/*',
    ],
  );
  const denied: [Policy, string, string][] = [
    [readOnly, 'GET', `${v}/tooling/executeAnonymous?anonymousBody=x`],
    [readOnly, 'GET', `${v}/sobjects/Account/001?_HttpMethod=DELETE`],
    [readOnly, 'GET', `${v}/graphql?query=mutation{a}`],
    [readOnly, 'POST', `${v}/jobs/ingest`],
    [readOnly, 'POST', `${v}/sobjects/Account`],
    [readOnly, 'DELETE', `${v}/composite/sobjects?ids=001`],
    [readOnly, 'GET', '/services/apexrest/Hook'],
    [custom, 'GET', `${v}/tooling/query?q=x`],
    [custom, 'DELETE', `${v}/sobjects/Account/001`],
    [custom, 'GET', `${v}/sobjects/Account?_HttpMethod=DELETE`],
    [custom, 'GET', '/services/apexrest/admin/users'],
    [custom, 'GET', `${v}/x/../tooling/query`],
  ];
  const encode = (character: string, times: number) => {
    const once = `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
    return times === 2 ? once.replace('%', '%25') : once;
  };
  const allowed = (policy: Policy, method: string, raw: string) => {
    try {
      return ask(policy, method, raw, { body: Buffer.of() }).allowed;
    } catch (error) {
      if (error instanceof ProxyError) return false;
      throw error;
    }
  };
  for (const [policy, method, raw] of denied) expect(allowed(policy, method, raw)).toBe(false);
  const changes = fc.array(fc.record({ at: fc.nat(120), times: fc.constantFrom(1, 2) }), {
    maxLength: 6,
  });
  await fc.assert(
    fc.property(fc.constantFrom(...denied), changes, ([policy, method, raw], list) => {
      const characters = [...raw];
      for (const { at, times } of list) {
        const index = at % raw.length;
        // The first "?" has a meaning that its encoding has not: without it the request is another one.
        if (raw[index] !== '?') characters[index] = encode(raw.charAt(index), times);
      }
      expect(allowed(policy, method, characters.join(''))).toBe(false);
    }),
    { numRuns: 10_000 },
  );
});

test('each of thousands of rules counts', () => {
  const rules = Array.from(
    { length: 2_000 },
    (_, n) => `GET /services/data/*/sobjects/Object${n}__c/**`,
  );
  const policy = policyOf(['GET /services/data/**'], rules);
  const isAllowed = (name: string) =>
    judge(policy, { method: 'GET', target: parseRequestTarget(`${v}/sobjects/${name}/001`) })
      .allowed;
  for (let n = 0; n < 2_000; n++) expect(isAllowed(`Object${n}__c`)).toBe(false);
  for (const name of ['Account', 'Object2000__c', 'Object']) expect(isAllowed(name)).toBe(true);
});
