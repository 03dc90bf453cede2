// What a request does on behalf of others: composite requests carry requests in their bodies, record collections
// name sObjects there, and a GraphQL document may write. Each is listed here, so that the same policy can judge it.
// Authority: REST API Developer Guide, "Composite Resources"; GraphQL API Developer Guide.

import { parsePolicyRule } from '../config/policy-rule.ts';
import { documentInBody, documentsInQuery, onlyQueries } from './graphql-operations.ts';
import { unreadable } from './judged-json.ts';
import {
  type Carrier,
  maxSubRequests,
  readListedRequests,
  type SubRequest,
} from './listed-requests.ts';
import { collectionRequests, treeRequests } from './record-collections.ts';
import type { RequestTarget } from './request-target.ts';
import { touchesPath } from './rule.ts';

const carriers = [
  '* /services/data/*/composite/**',
  '* /services/data/*/tooling/composite/**',
  '* /services/data/*/connect/batch/**',
  '* /services/data/*/chatter/batch/**',
  '* /services/data/*/graphql/**',
].map(parsePolicyRule);

/** The resources whose bodies list requests. */
const listing: ReadonlySet<string> = new Set([
  'composite',
  'composite/batch',
  'composite/graph',
  'connect/batch',
  'chatter/batch',
]);

/** Salesforce hardly allows any nesting. */
const maxNesting = 3;

/** Must the body be looked into? Under any reading and spelling: one that is missed would be a way around. */
export function carriesSubRequests(target: RequestTarget): boolean {
  return carriers.some((rule) => touchesPath(rule, target));
}

/**
 * All requests that the carrier would have Salesforce do, those of nested carriers included. Throws ProxyError where
 * that cannot be told. Each must pass the policy on its own, and so must the carrier.
 */
export function listSubRequests(carrier: Carrier, nesting = 1): SubRequest[] {
  if (nesting > maxNesting) throw unreadable('its sub-requests are nested too deeply');
  const all = directRequests(carrier).flatMap((request) => [
    request,
    ...('bodies' in request && carriesSubRequests(request.target)
      ? listSubRequests(request, nesting + 1)
      : []),
  ]);
  if (all.length > maxSubRequests) throw unreadable('it has too many sub-requests');
  return all;
}

function directRequests(carrier: Carrier): readonly (Carrier | SubRequest)[] {
  const [reading, ...others] = carrier.target.readings;
  if (others.length > 0) throw unreadable('its path can be read in more than one way');
  const resource = reading.slice(reading[3] === 'tooling' ? 4 : 3);
  const [first, second] = resource;
  if (first === 'graphql') return graphqlRequests(carrier);
  if (first === 'composite' && second === 'sobjects') {
    return collectionRequests(carrier, resource.slice(2));
  }
  if (first === 'composite' && second === 'tree') return treeRequests(carrier, resource.slice(2));
  if (listing.has(resource.join('/'))) return carrier.bodies.flatMap(readListedRequests);
  // `Graphql?query=mutation…`, `composite.json`: perhaps one of the above to Salesforce, so not to be guessed at.
  throw unreadable(
    'its path resembles a composite or GraphQL resource, and is not one that is known',
  );
}

/** A query is what its own method and path say; a mutation counts as POST, PATCH and DELETE of the path at once. */
function graphqlRequests({ target, bodies }: Carrier): SubRequest[] {
  const documents = [...bodies.map(documentInBody), ...documentsInQuery(target.query)];
  const methods = onlyQueries(documents) ? [] : ['POST', 'PATCH', 'DELETE'];
  return methods.map((method) => ({ method, target }));
}
