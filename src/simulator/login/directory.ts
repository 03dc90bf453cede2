// Who may log in: the connected apps (or external client apps) and the users of the org, as an administrator set them up.

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { recordId } from '../data/record-id.ts';

export interface AppRegistration {
  readonly consumerKey: string;
  /** Either form is accepted; a change of an app that exists may leave both out. */
  readonly certificatePem?: string;
  readonly publicKeyPem?: string;
  /** False: the app is not installed in this org (`app_not_found`). */
  readonly installed?: boolean;
  /** "Admin approved users are pre-authorized" (the default), or users approve the app themselves. */
  readonly adminApproved?: boolean;
  readonly approvedUsers?: 'all' | readonly string[];
  readonly scopes?: readonly string[];
  /** Exactly these audiences, instead of Salesforce's own and the org's. */
  readonly audiences?: readonly string[];
}

export interface App {
  readonly consumerKey: string;
  readonly publicKey: KeyObject;
  readonly installed: boolean;
  readonly adminApproved: boolean;
  readonly approvedUsers: 'all' | readonly string[];
  readonly scopes: readonly string[];
  readonly audiences?: readonly string[];
}

export interface UserRegistration {
  readonly username: string;
  readonly active?: boolean;
  readonly name?: string;
  readonly profile?: string;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly active: boolean;
  readonly name: string;
  readonly profile: string;
}

export class Directory {
  readonly #apps = new Map<string, App>();
  readonly #users = new Map<string, User>();

  registerApp(registration: AppRegistration): void {
    const { consumerKey, certificatePem, publicKeyPem, ...policy } = registration;
    const existing = this.#apps.get(consumerKey);
    const publicKey = readPublicKey(certificatePem ?? publicKeyPem) ?? existing?.publicKey;
    if (!consumerKey) throw new TypeError('registerApp needs a consumerKey');
    if (!publicKey) throw new TypeError('registerApp needs certificatePem or publicKeyPem');
    this.#apps.set(consumerKey, {
      installed: true,
      adminApproved: true,
      approvedUsers: 'all',
      scopes: ['api'],
      ...existing,
      ...policy,
      consumerKey,
      publicKey,
    });
  }

  registerUser({ username, ...changes }: UserRegistration): User {
    if (!username) throw new TypeError('registerUser needs a username');
    const existing = this.#users.get(username.toLowerCase());
    const user = {
      id: recordId('005', this.#users.size + 1),
      active: true,
      name: username.split('@')[0] ?? username,
      profile: 'System Administrator',
      ...existing,
      ...changes,
      username,
    };
    this.#users.set(username.toLowerCase(), user);
    return user;
  }

  findApp(consumerKey: string): App | undefined {
    return this.#apps.get(consumerKey);
  }

  /** Usernames are case-insensitive. */
  findUser(username: string): User | undefined {
    return this.#users.get(username.toLowerCase());
  }
}

function readPublicKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined;
  return pem.includes('BEGIN CERTIFICATE')
    ? new X509Certificate(pem).publicKey
    : createPublicKey(pem);
}
