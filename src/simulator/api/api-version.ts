// Which API versions the org serves. Authority: salesforce-facts.md section 8: 41 to 67 are supported, 31 to 40 still answer
// with a warning, 21 to 30 are retired.

import { ApiError, notFound } from '../data/api-error.ts';

const retiredBelow = 31;
const deprecatedBelow = 41;
const newest = 67;

export const newestVersion = `${newest}.0`;

/** `v67.0` or `67.0`, as it stands in a path, as `67.0`. */
export function parseVersion(segment: string): string {
  const [, major] = /^v?(\d{2,3})\.0$/.exec(segment) ?? [];
  const version = Number(major);
  if (!major || version > newest) throw notFound();
  if (version < retiredBelow) {
    throw new ApiError(410, 'GONE', `API version ${version}.0 is retired and no longer available`);
  }
  return `${major}.0`;
}

export function deprecationHeaders(version: string): Record<string, string> {
  if (Number(version) >= deprecatedBelow) return {};
  return { Warning: '299 - "This API is deprecated and will be removed by Summer \'28."' };
}

export function listVersions(): Array<{ label: string; url: string; version: string }> {
  return Array.from({ length: newest - retiredBelow + 1 }, (_, i) => {
    const version = retiredBelow + i;
    return {
      label: releaseName(version),
      url: `/services/data/v${version}.0`,
      version: `${version}.0`,
    };
  });
}

/** Three releases a year; v41.0 was Winter '18. */
function releaseName(version: number): string {
  const sinceWinter18 = version - 41;
  const season = ['Winter', 'Spring', 'Summer'][((sinceWinter18 % 3) + 3) % 3];
  return `${season} '${18 + Math.floor(sinceWinter18 / 3)}`;
}
