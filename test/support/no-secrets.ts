// Every test's output is searched for what must never be in it: sessions, assertions, private keys and client keys.

const secrets: readonly RegExp[] = [
  /00D[A-Za-z0-9]{12,15}!AQ/,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\./,
  /BEGIN (?:[A-Z]+ )?PRIVATE KEY/,
  /\bsfap_[\w-]{40,}/,
];

/** @throws Error that names the place, and does not repeat the secret */
export function assertNoSecrets(text: string, where: string): void {
  for (const secret of secrets) {
    const at = text.search(secret);
    if (at === -1) continue;
    throw new Error(
      `a secret (${secret}) in ${where}, behind "${text.slice(Math.max(0, at - 80), at)}"`,
    );
  }
}
