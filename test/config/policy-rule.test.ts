import { describe, expect, test } from 'vitest';
import { parsePolicyRule } from '../../src/config/policy-rule.ts';
import { hasMethod } from '../../src/policy/rule.ts';

describe('parsePolicyRule', () => {
  test('reads methods and a path', () => {
    const rule = parsePolicyRule('  POST,patch   /services/data/*/sobjects/** ');
    expect(rule.text).toBe('POST,patch /services/data/*/sobjects/**');
    expect([...(rule.methods ?? [])]).toEqual(['POST', 'PATCH']);
    expect(rule.segments).toEqual(['services', 'data', '*', 'sobjects']);
    expect(rule.hasRest).toBe(true);
  });

  test('GET brings HEAD with it, other methods do not', () => {
    expect(hasMethod(parsePolicyRule('GET /services/data'), 'HEAD')).toBe(true);
    expect(hasMethod(parsePolicyRule('POST /services/data'), 'HEAD')).toBe(false);
    expect(hasMethod(parsePolicyRule('* /services/data'), 'PURGE')).toBe(true);
    expect(hasMethod(parsePolicyRule('GET /services/data'), 'PURGE')).toBe(false);
  });

  test.each([
    ['', 'expected "METHODS PATH"'],
    ['GET', 'expected "METHODS PATH"'],
    ['/services/data/**', 'expected "METHODS PATH"'],
    ['GET, POST /services/data', 'expected "METHODS PATH"'],
    ['GTE /services/data', '"GTE" is not a method'],
    ['GET, /services/data', '"" is not a method'],
    ['*,GET /services/data', '"*" is not a method'],
    ['GET services/data', 'must start with "/"'],
    ['GET /services/**/data', 'only stand at the end'],
    ['GET /services/data/v*', 'stands for a whole segment'],
    ['GET /services/data/***', 'stands for a whole segment'],
    ['GET /services//data', 'no empty segment'],
    ['GET /services/data/../x', 'no "." or ".."|no empty segment'],
    ['GET /services/data/a%2Fb', 'letters, digits'],
    ['GET /services/data?x=1', 'letters, digits'],
    ['GET /service/data/**', 'match nothing'],
    ['* /services/oauth2/token', 'match nothing'],
    ['* /services', 'match nothing'],
    ['* /', 'no empty segment'],
  ])('%j is no rule', (text, problem) => {
    expect(() => parsePolicyRule(text)).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringMatching(new RegExp(problem.replace(/[*./]/g, '\\$&'))),
      }),
    );
    expect(() => parsePolicyRule(text)).toThrow(`Rule "${text}"`);
  });

  test.each([
    '* /**',
    '* /services/**',
    '* /*/*',
    'GET /id/**',
    'GET /services/oauth2/*',
    'GET /services/data/',
  ])('%s is one', (text) => expect(parsePolicyRule(text).text).toBe(text));
});
