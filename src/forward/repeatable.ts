// May a request be sent again that may have arrived? Only what writes nothing, however often it is executed.
import type { RequestParts } from '../connections/request-head.ts';
import { isMethodOverride } from '../policy/http-methods.ts';

// A GET that writes: salesforce-facts section 4 (`_HttpMethod`), Tooling API `executeAnonymous`, Apex REST by its author.
const mayWrite = /httpmethod|executeanonymous|runtests|apexrest/i;

export function isRepeatable({ method, target, headers }: RequestParts): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (headers.some((text, at) => at % 2 === 0 && isMethodOverride(text))) return false;
  try {
    return !mayWrite.test(decodeURIComponent(target));
  } catch {
    return false;
  }
}
