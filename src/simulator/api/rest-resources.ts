// The table of REST resources below `/services/data/vXX.0/` that take and give JSON.

import { notFound } from '../data/api-error.ts';
import type { OrgState } from '../org-state.ts';
import { createCollections } from './collections.ts';
import { createComposite } from './composite.ts';
import { createQuery } from './query-cursors.ts';
import { createRecordTree } from './record-tree.ts';
import { type RestCall, type RestReply, type RestResource, requireMethod } from './rest-call.ts';
import { createSObjectRows } from './sobject-rows.ts';

export function createRestResources(org: OrgState): RestResource {
  const { records, now } = org;
  const query = createQuery(records, now);
  const answer: RestResource = (call) => {
    const [name = '', kind] = call.path;
    const resource = (kind && resources.get(`${name}/${kind}`)) || resources.get(name);
    if (!resource) throw notFound();
    return resource(call);
  };
  const resources = new Map<string, RestResource>([
    ['', listResources(org)],
    ['limits', limits(org)],
    ['sobjects', createSObjectRows(records, () => org.location.instanceOrigin)],
    ['query', query],
    ['queryAll', query],
    ['composite', createComposite(records, answer)],
    ['composite/sobjects', createCollections(records)],
    ['composite/tree', createRecordTree(records)],
  ]);
  return answer;
}

function listResources({ location, info }: OrgState): RestResource {
  return (call): RestReply => {
    requireMethod(call, 'GET', 'HEAD');
    const names = ['limits', 'sobjects', 'query', 'queryAll', 'composite', 'jobs'];
    const urls = names.map((name) => [name, `/services/data/v${call.version}/${name}`]);
    // The one absolute URL here; jsforce's identity() follows it.
    const identity = `${location.loginOrigin}/id/${info.id18}/${call.user.id}`;
    return { status: 200, json: { ...Object.fromEntries(urls), identity } };
  };
}

function limits({ usage }: OrgState): RestResource {
  return (call: RestCall): RestReply => {
    requireMethod(call, 'GET', 'HEAD');
    const unused = (Max: number) => ({ Max, Remaining: Max });
    return {
      status: 200,
      json: {
        DailyApiRequests: { Max: usage.limit, Remaining: Math.max(0, usage.limit - usage.used) },
        DailyBulkApiBatches: unused(15_000),
        DailyBulkV2QueryJobs: unused(10_000),
        DailyStreamingApiEvents: unused(10_000),
        DataStorageMB: unused(5),
        FileStorageMB: unused(20),
      },
    };
  };
}
