// Has this part of the configuration changed? Secrets count by their hash, since they show nothing of themselves.
import { createHash } from 'node:crypto';
import { Secret } from './secret.ts';

export function fingerprint(value: unknown): string {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, shown) {
    const raw = this[key];
    return raw instanceof Secret ? { secret: sha256(raw.reveal()) } : shown;
  });
  return sha256(text ?? '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
