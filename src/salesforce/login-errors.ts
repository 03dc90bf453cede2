// What a refusal of the token endpoint means and how it is mended, in the words of Salesforce's own menus. The texts are
// those seen on the wire: salesforce-facts, section 1, "Errors".
import { redactTokens } from './redact.ts';

/** permanent: wait for a human. transient: try again. rate: over 3,600 logins an hour, keep away for long. */
export type LoginErrorKind = 'permanent' | 'transient' | 'rate';

export interface LoginError {
  readonly kind: LoginErrorKind;
  /** What the endpoint said, safe to show. */
  readonly said: string;
  readonly fix: string;
}

export interface LoginRefusal {
  readonly error: string;
  readonly description: string;
  /** How far our clock is ahead of the endpoint's, in seconds; undefined where the endpoint sent no `Date`. */
  readonly clockAheadSeconds: number | undefined;
}

interface Row {
  readonly error: string;
  readonly description?: RegExp;
  readonly kind?: LoginErrorKind;
  readonly fix: string;
}

const policies = 'Setup > External Client App Manager (or App Manager) > your app > Policies';

// First match wins.
const rows: readonly Row[] = [
  {
    error: 'invalid_grant',
    description: /hasn.t approved this consumer/i,
    fix: `Pre-authorise the app: ${policies} > OAuth Policies > Permitted Users: "Admin approved users are pre-authorized", then add the user's profile or a permission set. A new app takes 2 to 10 minutes to arrive everywhere. Check too that login_url is this org's own My Domain.`,
  },
  {
    error: 'invalid_app_access',
    fix: `The app admits only users whom an admin approved: ${policies} > App Policies: select the profile or permission set of this user (on a connected app: Manage Profiles, Manage Permission Sets).`,
  },
  {
    error: 'invalid_grant',
    description: /audience/i,
    fix: 'Set audience to https://login.salesforce.com (production, Developer Edition), https://test.salesforce.com (sandbox, scratch org) or the URL of the Experience Cloud site. It need not be the same as login_url.',
  },
  {
    error: 'invalid_grant',
    description: /invalid assertion/i,
    fix: 'The signature does not fit: upload the certificate that belongs to private_key_file under Setup > External Client App Manager > your app > Settings > OAuth Settings > Flow Enablement > Enable JWT Bearer Flow (on a connected app: App Manager > Edit > Use digital signatures), and check that login_url is the org that holds the app.',
  },
  {
    error: 'invalid_grant',
    description: /expired authorization code/i,
    fix: 'Salesforce says this when the assertion has expired on arrival: the clock of this machine is wrong. Set it by NTP.',
  },
  {
    error: 'invalid_grant',
    description: /inactive user/i,
    fix: 'Activate the user, or lift the freeze: Setup > Users > the user > Active / Unfreeze.',
  },
  {
    error: 'invalid_grant',
    description: /invalid user|user (is )?invalid|unknown user/i,
    fix: 'username is not a user of this org. It is the Username of Setup > Users, not the email address; in a sandbox it ends in .<sandbox name>.',
  },
  {
    error: 'invalid_grant',
    description: /login.rate.exceeded/i,
    kind: 'rate',
    fix: 'Salesforce allows about 3,600 logins an hour for a user and refuses all of them beyond that, for up to an hour. Find what else logs in as this user (Setup > Login History).',
  },
  {
    error: 'invalid_grant',
    description: /ip restricted/i,
    fix: `This machine's address is outside the login ranges: add it under Setup > Profiles > the profile > Login IP Ranges, or set ${policies} > IP Relaxation to "Relax IP restrictions".`,
  },
  {
    error: 'invalid_client_id',
    fix: 'client_id is not known here: copy the Consumer Key (not the secret) from Setup > External Client App Manager > your app > Settings > OAuth Settings > Consumer Key and Secret. A new app takes 2 to 10 minutes to arrive everywhere; a sandbox has its own app.',
  },
  {
    error: 'invalid_client',
    fix: 'The app is not known at this login_url: an External Client App exists in its own org only. Set login_url to the My Domain of that org (Setup > My Domain).',
  },
  {
    error: 'app_not_found',
    fix: 'An External Client App exists in its own org only: set login_url to the My Domain of the org in which it is installed (Setup > My Domain), not to login.salesforce.com or another org.',
  },
  {
    error: 'unsupported_grant_type',
    fix: 'token_url is not the token endpoint of an org: it ends in .my.salesforce.com/services/oauth2/token, not in a lightning.force.com host.',
  },
  {
    error: 'inactive_org',
    fix: 'The org is locked or has expired: ask its administrator or Salesforce support.',
  },
  { error: 'rate_limit_exceeded', kind: 'rate', fix: 'Wait; Salesforce limits logins.' },
  {
    error: 'unknown_error',
    kind: 'transient',
    fix: 'Salesforce asks to try again. When it stays, set login_url to the My Domain of the org.',
  },
  {
    error: 'server_error',
    kind: 'transient',
    fix: 'Salesforce has a fault; see status.salesforce.com.',
  },
  {
    error: 'temporarily_unavailable',
    kind: 'transient',
    fix: 'Salesforce is not available just now; see status.salesforce.com.',
  },
];

const unknown: Row = {
  error: '',
  fix: 'See Setup > Login History for the reason that Salesforce noted, and check login_url, client_id and username.',
};

export function explainLoginRefusal(refusal: LoginRefusal): LoginError {
  const row =
    rows.find(
      ({ error, description }) =>
        error === refusal.error && (!description || description.test(refusal.description)),
    ) ?? unknown;
  const isClock = row.description?.test('expired authorization code') ?? false;
  return {
    kind: row.kind ?? 'permanent',
    said: readable(
      refusal.description ? `${refusal.error}: ${refusal.description}` : refusal.error,
    ),
    fix: isClock ? `${row.fix}${clockNote(refusal.clockAheadSeconds)}` : row.fix,
  };
}

function clockNote(aheadSeconds: number | undefined): string {
  if (aheadSeconds === undefined) return '';
  const off = Math.abs(Math.round(aheadSeconds));
  if (off < 5)
    return ' (It agrees with the Date that the endpoint sent, so the delay is elsewhere.)';
  return ` It is ${off} s ${aheadSeconds > 0 ? 'ahead of' : 'behind'} the Date that the endpoint sent.`;
}

function readable(text: string): string {
  return redactTokens(text)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 300);
}
