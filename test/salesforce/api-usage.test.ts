import { expect, test } from 'vitest';
import { readApiUsage } from '../../src/salesforce/api-usage.ts';

test.each([
  ['api-usage=10018/100000', { used: 10018, limit: 100000 }],
  [
    'api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)',
    { used: 25, limit: 5000 },
  ],
  ['per-app-api-usage=17/250(appName=x), api-usage=25/5000', { used: 25, limit: 5000 }],
  ['per-app-api-usage=17/250(appName=x)', undefined],
  ['api-usage=many', undefined],
  ['', undefined],
])('%s', (value, usage) => {
  expect(readApiUsage(['Date', 'x', 'Sforce-Limit-Info', value])).toEqual(usage);
});

test('without the header nothing is known', () => {
  expect(readApiUsage(['Content-Type', 'api-usage=1/2'])).toBeUndefined();
});
