// Does this assertion log in, and if not, what does Salesforce say? One documented answer for each cause.
// Authority: salesforce-facts.md section 1 ("JWT bearer token endpoint"), whose texts are used word for word.

import type { App, Directory, User } from './directory.ts';
import { type Assertion, expiryOf, isSignedBy, parseAssertion } from './jwt-verifier.ts';

export interface Refusal {
  readonly error: string;
  readonly error_description: string;
}

export type LoginDecision =
  | { readonly user: User; readonly app: App }
  | { readonly refusal: Refusal };

export interface LoginRules {
  readonly directory: Directory;
  readonly strictExp: boolean;
  readonly now: () => number;
  /** The login URL of the org, itself an accepted audience. */
  readonly loginOrigin: string;
  /** Counts a login of the user; false when there were too many in the last hour. */
  readonly isWithinRateLimit: (user: User) => boolean;
}

export const refusals = {
  unsupportedGrantType: refusal('unsupported_grant_type', 'grant type not supported'),
  invalidAssertion: refusal('invalid_grant', 'invalid assertion'),
  expired: refusal('invalid_grant', 'expired authorization code'),
  unknownClient: refusal('invalid_client_id', 'client identifier invalid'),
  notInstalled: refusal('app_not_found', 'External client app is not installed in this org'),
  wrongAudience: refusal('invalid_grant', 'audience is invalid'),
  unknownUser: refusal('invalid_grant', 'invalid user'),
  inactiveUser: refusal('invalid_grant', 'inactive user'),
  notAdminApproved: refusal('invalid_app_access', 'user is not admin approved to access this app'),
  notUserApproved: refusal('invalid_grant', "user hasn't approved this consumer"),
  tooManyLogins: refusal('invalid_grant', 'login rate exceeded'),
} as const;

export function decideLogin(assertionText: string, rules: LoginRules): LoginDecision {
  const assertion = parseAssertion(assertionText);
  if (!assertion) return { refusal: refusals.invalidAssertion };
  const app = rules.directory.findApp(claim(assertion, 'iss'));
  if (!app) return { refusal: refusals.unknownClient };
  const badAssertion = judgeAssertion(assertion, app, rules);
  if (badAssertion) return { refusal: badAssertion };
  const user = rules.directory.findUser(claim(assertion, 'sub'));
  if (!user) return { refusal: refusals.unknownUser };
  const badUser = judgeUser(user, app, rules);
  return badUser ? { refusal: badUser } : { user, app };
}

function judgeAssertion(assertion: Assertion, app: App, rules: LoginRules): Refusal | undefined {
  if (!app.installed) return refusals.notInstalled;
  if (!isSignedBy(assertion, app.publicKey)) return refusals.invalidAssertion;
  const expiresAtMs = (expiryOf(assertion) ?? Number.NaN) * 1000;
  if (Number.isNaN(expiresAtMs)) return refusals.invalidAssertion;
  if (expiresAtMs <= rules.now()) return refusals.expired;
  if (rules.strictExp && expiresAtMs > rules.now() + 180_000) return refusals.invalidAssertion;
  const audience = claim(assertion, 'aud');
  const accepted = app.audiences ?? defaultAudiences(rules.loginOrigin);
  return accepted.includes(audience) ? undefined : refusals.wrongAudience;
}

function judgeUser(user: User, app: App, rules: LoginRules): Refusal | undefined {
  if (!user.active) return refusals.inactiveUser;
  const isApproved = app.approvedUsers === 'all' || app.approvedUsers.includes(user.username);
  if (!isApproved) return app.adminApproved ? refusals.notAdminApproved : refusals.notUserApproved;
  return rules.isWithinRateLimit(user) ? undefined : refusals.tooManyLogins;
}

/** Clients send the URL, the URL with a trailing slash (sf CLI) or the bare host (restforce). */
function defaultAudiences(loginOrigin: string): string[] {
  return [loginOrigin, 'https://login.salesforce.com', 'https://test.salesforce.com'].flatMap(
    (url) => [url, `${url}/`, new URL(url).host],
  );
}

function claim({ claims }: Assertion, name: string): string {
  const value = claims[name];
  return typeof value === 'string' ? value : '';
}

function refusal(error: string, error_description: string): Refusal {
  return { error, error_description };
}
