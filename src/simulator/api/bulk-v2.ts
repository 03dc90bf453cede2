// /jobs/ingest and /jobs/query: Bulk API 2.0. Authority: Bulk API 2.0 and Bulk API Developer Guide.

import { notFound } from '../data/api-error.ts';
import type { OrgState } from '../org-state.ts';
import type { BulkV2Handler } from './bulk-v2-call.ts';
import { createIngestJobs } from './bulk-v2-ingest.ts';
import { createQueryJobs } from './bulk-v2-query.ts';

export function createBulkV2(org: OrgState): BulkV2Handler {
  const ingest = createIngestJobs(org);
  const query = createQueryJobs(org);
  return async ({ path: [, kind, ...path], ...rest }) => {
    if (kind === 'ingest') return ingest({ ...rest, path });
    if (kind === 'query') return query({ ...rest, path });
    throw notFound();
  };
}
