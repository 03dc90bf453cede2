// What the upstream answers, whichever program serves it: the same bytes, with the headers that Salesforce sends.
import { createCipheriv } from 'node:crypto';

export const paths = {
  token: '/services/oauth2/token',
  query: '/services/data/v67.0/query?q=SELECT+Id,Name,Industry+FROM+Account+LIMIT+8',
  record: '/services/data/v67.0/sobjects/Account',
  upload: '/services/data/v67.0/jobs/ingest/750000000000001AAA/batches',
  /** A file of so many bytes. */
  file: (bytes: number) => `/services/data/v67.0/sobjects/ContentVersion/${bytes}/VersionData`,
} as const;

export const jsonType = 'application/json;charset=UTF-8';
export const fileType = 'application/octet-stream';

export const salesforceHeaders: readonly (readonly [name: string, value: string])[] = [
  ['Set-Cookie', 'CookieConsentPolicy=0:1; path=/; expires=Thu, 01-Jan-2099 00:00:00 GMT; Secure'],
  ['Set-Cookie', 'LSKey-CookieConsentPolicy=0:1; path=/; Secure; SameSite=None'],
  ['Strict-Transport-Security', 'max-age=63072000; includeSubDomains'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Robots-Tag', 'none'],
  ['Cache-Control', 'no-cache,must-revalidate,max-age=0,no-store,private'],
  ['Sforce-Limit-Info', 'api-usage=18/15000'],
  ['Vary', 'Accept-Encoding'],
];

/** 1.8 KB, as a query of eight records answers. */
export const queryAnswer = JSON.stringify({
  totalSize: 8,
  done: true,
  records: Array.from({ length: 8 }, (_, at) => ({
    attributes: {
      type: 'Account',
      url: `/services/data/v67.0/sobjects/Account/001000000000${100 + at}AAA`,
    },
    Id: `001000000000${100 + at}AAA`,
    Name: `Benchmark Trading Company ${100 + at}`,
    Industry: 'Transportation and Logistics',
    LastModifiedDate: '2026-01-01T12:00:00.000+0000',
  })),
});

export const createdAnswer = JSON.stringify({
  id: '001000000000100AAA',
  success: true,
  errors: [],
});

export const deadSessionAnswer = JSON.stringify([
  { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
]);

/** Salesforce says nothing about how long a session lives. */
export function tokenAnswer(token: string, instanceUrl: string): string {
  return JSON.stringify({
    access_token: token,
    scope: 'api',
    instance_url: instanceUrl,
    id: `${instanceUrl}/id/00D000000000001AAA/005000000000001AAA`,
    token_type: 'Bearer',
  });
}

/** A record of 2 KB, to be created. */
export const recordBody = JSON.stringify({
  Name: 'Benchmark Trading Company',
  Industry: 'Transportation and Logistics',
  Description: 'All work and no play makes a dull record. '.repeat(48).slice(0, 1960),
});

/** Incompressible, the same for the same size. */
export function makeFile(bytes: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(bytes));
}
