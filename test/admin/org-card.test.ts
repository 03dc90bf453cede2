import { expect, test } from 'vitest';
import { orgCard } from '../../src/admin/org-card.ts';
import type { OrgJson, UserJson } from '../../src/admin/status.ts';

const now = '2026-01-01T00:00:00.000Z';
const user: UserJson = {
  username: 'integration@example.com',
  state: 'ready',
  instance: 'https://acme.my.salesforce.com',
  ageSeconds: 60,
  lastLoginAt: now,
  error: null,
};

function render(facts: Partial<OrgJson>): string {
  const org: OrgJson = {
    name: 'dev',
    inFlight: 0,
    queued: 0,
    apiUsage: null,
    certificate: null,
    users: [user],
  };
  return String(orgCard({ ...org, ...facts }, now));
}

test('nothing that Salesforce or the configuration says becomes markup', () => {
  const evil = '<img src=x onerror=alert(1)>"';
  const html = render({
    users: [{ ...user, username: evil, error: { code: 'login_rejected', message: evil } }],
  });
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;');
});

test('the state of an org is the worst of its users', () => {
  const html = render({ users: [user, { ...user, state: 'failed' }] });
  expect(html.indexOf('Login failed')).toBeLessThan(html.indexOf('Ready'));
  expect(render({})).not.toContain('Login failed');
});

test.each([
  [{ standing: 'valid', daysLeft: 400, validTo: now }, '400 days left'],
  [{ standing: 'expires_soon', daysLeft: 1, validTo: now }, '<span class="warn">1 day left'],
  [{ standing: 'expired', daysLeft: -2, validTo: now }, 'expired on 2026-01-01'],
  [null, 'not configured'],
] as const)('the certificate %o is told as %s', (certificate, text) => {
  expect(render({ certificate })).toContain(text);
});

test('the gauge tells usage against the limit, and from where on requests are refused', () => {
  const calm = render({ apiUsage: { used: 150, limit: 15_000, stopPercent: 95 } });
  expect(calm).toContain('aria-valuetext="150 of 15,000"');
  expect(calm).not.toContain('refused');
  const spent = render({ apiUsage: { used: 14_500, limit: 15_000, stopPercent: 95 } });
  expect(spent).toContain('Requests are refused from 95 % on');
  const off = render({ apiUsage: { used: 15_500, limit: 15_000, stopPercent: 0 } });
  expect(off).not.toContain('refused');
  expect(off).toContain('width="100"');
});
