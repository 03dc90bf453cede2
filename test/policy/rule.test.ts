import { expect, test } from 'vitest';
import { parsePolicyRule } from '../../src/config/policy-rule.ts';
import { parseRequestTarget } from '../../src/policy/request-target.ts';
import { allowsPath, couldReach, coversAll, touchesPath } from '../../src/policy/rule.ts';

/** [rule path, target, allowed, denied]: a deny rule is generous, an allow rule is strict. */
const paths: [rule: string, target: string, allows: boolean, denies: boolean][] = [
  ['/services/data/**', '/services/data', true, true],
  ['/services/data/**', '/services/data/', true, true],
  ['/services/data/**', '/services/data/v60.0/a/b/c', true, true],
  ['/services/data/**', '//services/data/v60.0', true, true],
  ['/services/data/**', '/services/data/v60.0/Ext__c/A%2FB', true, true],
  ['/services/data/**', '/services/apexrest/x', false, false],
  ['/services/data/*', '/services/data', false, false],
  ['/services/data/*', '/services/data/v60.0', true, true],
  ['/services/data/*', '/services/data/v60.0/', true, true],
  ['/services/data/*', '/services/data/v60.0/x', false, false],
  ['/services/data/*/query', '/services/data/v60.0/query?q=x', true, true],
  ['/services/data/*/query', '/services/data/v60.0/queryAll', false, false],
  ['/services/data/*/query', '/services/data/v60.0/que', false, false],
  ['/services/data/*/query', '/services/data/v60.0/query-x', false, false],
  ['/services/data/*/query', '/services/data/v60.0/QUERY', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query.json', false, true],
  ['/services/data/*/query', '/services/data/v60.0/%71uery', false, true],
  ['/services/data/*/query', '/services/data/v60.0/%2571uery', false, true],
  ['/services/data/*/query', '/services/data/v60.0/%25%37%31uery', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query;x=1', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query%3bx=1', false, true],
  ['/services/data/*/query', '/services/data/v60.0;x/query', true, true],
  ['/services/data/*/query', '/services/data/v60.0/;x/query', false, true],
  ['/services/data/*/query', '/services/data//v60.0/query', false, true],
  ['/services/data/*/query', '/services/data/v60.0%2Fquery', false, true],
  ['/services/data/*/query', '/services/data/v60.0%252Fquery', false, true],
  ['/services/data/*/query', '/services/data/v60.0%5Cquery', false, true],
  ['/services/data/*/query', '/services/data/v60.0%255Cquery', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query%20', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query%3Fx', false, true],
  ['/services/data/*/query', '/services/data/v60.0/%20query', false, true],
  ['/services/data/*/query', '/services/data/v60.0/+query', false, true],
  ['/services/data/*/query', '/services/data/v60.0/query%C2%A0', false, true],
  ['/services/data/*/sobjects/*/*', '/services/data/v60.0/sobjects/Account/001', true, true],
  ['/services/data/*/sobjects/*/*', '/services/data/v60.0/sobjects/Account/A%2FB', false, true],
  ['/services/data/*/sobjects/*/*', '/services/data/v60.0/sobjects/Account/A%20B', true, true],
  ['/services/data/*/sobjects/Account', '/services/data/v60.0/sobjects/@{a.id}', false, true],
  ['/services/data/*/sobjects/*', '/services/data/v60.0/sobjects/@{a.id}', true, true],
  ['/**', '/cometd/60.0', true, true],
  ['/id/*/*', '/id/00D/005?oauth_token=x', true, true],
];

test.each(paths)('%s against %s', (path, target, allows, denies) => {
  const rule = parsePolicyRule(`* ${path}`);
  const parsed = parseRequestTarget(target);
  expect(allowsPath(rule, parsed)).toBe(allows);
  expect(touchesPath(rule, parsed)).toBe(denies);
});

test('couldReach: is there anything under the prefix that the rule matches?', () => {
  const reaches = (path: string) => couldReach(parsePolicyRule(`GET ${path}`), '/services/data');
  expect(reaches('/services/data/*/tooling/**')).toBe(true);
  expect(reaches('/services/data')).toBe(true);
  expect(reaches('/services/*/x')).toBe(true);
  expect(reaches('/**')).toBe(true);
  expect(reaches('/SERVICES/data/**')).toBe(true);
  expect(reaches('/services/apexrest/**')).toBe(false);
  expect(reaches('/cometd/**')).toBe(false);
});

test('coversAll: does the rule leave nothing out under the prefix?', () => {
  const covers = (rule: string) => coversAll(parsePolicyRule(rule), '/services/data');
  expect(covers('* /services/data/**')).toBe(true);
  expect(covers('* /**')).toBe(true);
  expect(covers('* /services/*/**')).toBe(true);
  expect(covers('GET,POST,PATCH,PUT,DELETE /services/data/**')).toBe(false);
  expect(covers('* /services/data/*/**')).toBe(false);
  expect(covers('* /services/data')).toBe(false);
  expect(covers('* /services/apexrest/**')).toBe(false);
  expect(covers('* /Services/data/**')).toBe(false);
});
