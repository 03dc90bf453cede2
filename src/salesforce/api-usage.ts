// The org's daily API requests, as Salesforce tells them with every REST answer: `Sforce-Limit-Info: api-usage=18/15000`
// (REST API Developer Guide, "Limit Info Header"). The per-app form holds `per-app-api-usage=` too, which is not the org's.
import { isNamed } from '../header-name.ts';

export interface ApiUsage {
  readonly used: number;
  readonly limit: number;
}

const orgUsage = /(?:^|[;,\s])api-usage=(\d{1,15})\/(\d{1,15})/;

/** @param rawHeaders flat name-value pairs of an answer */
export function readApiUsage(rawHeaders: readonly string[]): ApiUsage | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!isNamed(name, 'sforce-limit-info')) continue;
    const [, used, limit] = orgUsage.exec(rawHeaders[i + 1] as string) ?? [];
    if (used !== undefined && limit !== undefined) {
      return { used: Number(used), limit: Number(limit) };
    }
  }
  return undefined;
}
