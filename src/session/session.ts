// An access token and the instance that it is for: what one exchange brought for one org and one Salesforce user.
import type { Secret } from '../config/secret.ts';
import type { Instance } from '../salesforce/hosts.ts';

export class Session {
  readonly token: Secret;
  readonly instance: Instance;
  readonly issuedAtMs: number;
  /** When Salesforce last accepted it, by our clock. */
  provenAtMs = Number.NEGATIVE_INFINITY;

  constructor(token: Secret, instance: Instance, issuedAtMs: number) {
    this.token = token;
    this.instance = instance;
    this.issuedAtMs = issuedAtMs;
  }

  /** The same login: a token that is misrouted looks expired, so the instance counts. */
  isSameAs(other: Session): boolean {
    return this.token.equals(other.token) && this.instance.origin === other.instance.origin;
  }
}
