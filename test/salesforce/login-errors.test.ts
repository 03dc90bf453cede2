import { expect, test } from 'vitest';
import { explainLoginRefusal } from '../../src/salesforce/login-errors.ts';

function explain(error: string, description = '', clockAheadSeconds?: number) {
  return explainLoginRefusal({ error, description, clockAheadSeconds });
}

// Word for word from the wire: salesforce-facts, section 1.
test.each([
  ['invalid_grant', "user hasn't approved this consumer", 'permanent', /pre-authorized/],
  ['invalid_grant', 'user hasn’t approved this consumer', 'permanent', /pre-authorized/],
  [
    'invalid_app_access',
    'user is not admin approved to access this app',
    'permanent',
    /profile or permission set/,
  ],
  ['invalid_grant', 'audience is invalid', 'permanent', /Set audience to/],
  ['invalid_grant', 'Audience validation failed', 'permanent', /Set audience to/],
  ['invalid_grant', 'invalid assertion', 'permanent', /upload the certificate/],
  ['invalid_grant', 'expired authorization code', 'permanent', /clock/],
  ['invalid_grant', 'invalid user', 'permanent', /username is not a user/],
  ['invalid_grant', 'inactive user', 'permanent', /Activate the user/],
  ['invalid_grant', 'login rate exceeded', 'rate', /3,600 logins an hour/],
  ['invalid_grant', 'LOGIN_RATE_EXCEEDED', 'rate', /3,600 logins an hour/],
  ['invalid_grant', 'ip restricted', 'permanent', /Login IP Ranges/],
  ['invalid_grant', 'something new', 'permanent', /Login History/],
  ['invalid_client_id', 'client identifier invalid', 'permanent', /Consumer Key/],
  ['invalid_client', 'invalid client credentials', 'permanent', /login_url/],
  [
    'app_not_found',
    'External client app is not installed in this org',
    'permanent',
    /External Client App .* My Domain/,
  ],
  ['unsupported_grant_type', 'grant type not supported', 'permanent', /token_url/],
  ['inactive_org', 'org is locked', 'permanent', /administrator/],
  ['rate_limit_exceeded', '', 'rate', /Wait/],
  ['unknown_error', 'retry your request', 'transient', /login_url to the My Domain/],
  ['server_error', '', 'transient', /status.salesforce.com/],
  ['temporarily_unavailable', '', 'transient', /status.salesforce.com/],
  ['invalid_request', 'malformed', 'permanent', /Login History/],
  ['HTTP 404', '', 'permanent', /Login History/],
] as const)('%s: %s is %s and tells the fix', (error, description, kind, fix) => {
  const explained = explain(error, description);
  expect(explained.kind).toBe(kind);
  expect(explained.fix).toMatch(fix);
  expect(explained.said).toContain(error);
});

test('the same description under another error is another cause', () => {
  expect(explain('invalid_client', 'audience is invalid').fix).not.toMatch(/Set audience/);
});

test('a wrong clock is told by how much', () => {
  const said = (ahead?: number) =>
    explain('invalid_grant', 'expired authorization code', ahead).fix;
  expect(said(-420.4)).toContain('It is 420 s behind the Date');
  expect(said(61)).toContain('It is 61 s ahead of the Date');
  expect(said(1.2)).toContain('agrees with the Date');
  expect(said()).toMatch(/NTP\.$/);
});

test('what the endpoint said is shown without tokens, control characters or excess', () => {
  const token = `00D${'a'.repeat(12)}!AQ.secret_part`;
  const { said } = explain('invalid_grant', `${token}\r\nx-evil: 1 ${'y'.repeat(1000)}`);
  expect(said).not.toContain('secret_part');
  expect(said).not.toMatch(/[\r\n]/);
  expect(said.length).toBeLessThanOrEqual(300);
});
