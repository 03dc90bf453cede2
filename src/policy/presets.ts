// The policies that come with the proxy. They are written as rules, so that a reader sees all there is to see.

import type { PresetName } from '../config/policy-rule.ts';

export interface PolicyRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

const data: PolicyRules = { allow: ['* /services/data/**'], deny: [] };

/**
 * Nothing is written. What comes by POST is here only if it reads; composite and GraphQL requests are let in because
 * each of their sub-requests is judged by these same rules. Outside of `/services/data` nothing is read-only: a GET
 * of Apex REST may write, a SOAP or Bulk 1.0 request says in its body what it does, and a CometD message is not judged.
 */
const readOnly: PolicyRules = {
  allow: [
    'GET,HEAD,OPTIONS /services/data/**',
    'POST /services/data/*/parameterizedSearch',
    'POST /services/data/*/jobs/query',
    // With metadata in the body a report runs differently, and is not saved: that would be PATCH. `instances` runs it
    // asynchronously. A POST without an id (`reports?cloneId=`) makes a new report, and is not here.
    'POST /services/data/*/analytics/reports/*',
    'POST /services/data/*/analytics/reports/*/instances',
    'POST /services/data/*/composite',
    'POST /services/data/*/composite/batch',
    'POST /services/data/*/composite/graph',
    'POST /services/data/*/composite/sobjects/*',
    'POST /services/data/*/tooling/composite',
    'POST /services/data/*/tooling/composite/batch',
    'POST /services/data/*/graphql',
  ],
  deny: [
    // GETs that run code.
    '* /services/data/*/tooling/executeAnonymous/**',
    '* /services/data/*/tooling/runTests/**',
    '* /services/data/*/tooling/runTestsSynchronous/**',
    '* /services/data/*/tooling/runTestsAsynchronous/**',
  ],
};

const legacy: PolicyRules = {
  allow: [
    ...data.allow,
    '* /services/apexrest/**',
    '* /services/async/**',
    '* /services/Soap/**',
    '* /cometd/**',
    '* /services/oauth2/userinfo',
    '* /id/**',
  ],
  deny: [],
};

export const presets: Readonly<Record<PresetName, PolicyRules>> = {
  data,
  'read-only': readOnly,
  legacy,
};
