// Does a GraphQL request only read? Salesforce serves queries and mutations from one path by one method, so nothing
// but the document tells them apart. Authority: GraphQL specification, section 2 (language).

import { Kind, OperationTypeNode, parse } from 'graphql/language';
import { isJsonObject, readField, unreadable } from './judged-json.ts';
import { decodePercentOnce } from './percent-decoding.ts';

const maxTokens = 20_000;

/** Throws ProxyError where a document is missing or cannot be parsed. */
export function onlyQueries(documents: readonly string[]): boolean {
  return documents.every(isQuery);
}

/** The document in a body, which holds it as `query`. */
export function documentInBody(body: unknown): string {
  const document = isJsonObject(body) ? readField(body, 'query') : undefined;
  if (typeof document !== 'string') throw unreadable('it is GraphQL without a "query"');
  return document;
}

/**
 * Each document in a query string, under each way of cutting and decoding it: whatever a server takes for `query`
 * is among them, and what is cut wrong does not parse, and so is refused.
 */
export function documentsInQuery(query: string | undefined): string[] {
  if (query === undefined) return [];
  const texts = [query, decodePercentOnce(query)];
  const cuts = texts.flatMap((text) => [text, text.replaceAll(';', '&')]);
  const parameters = cuts.flatMap((text) => [...new URLSearchParams(text)]);
  const found = parameters.filter(([name]) => name.toLowerCase().includes('query'));
  return [...new Set(found.map(([, document]) => document))];
}

/**
 * One mutation or subscription makes the whole document a write, whatever `operationName` says: which operation a
 * server picks, given two or none, is not for us to guess.
 */
function isQuery(document: string): boolean {
  const operations = parseDocument(document).filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (operations.length === 0) throw unreadable('its GraphQL document has no operation');
  const reads = operations.every(({ operation }) => operation === OperationTypeNode.QUERY);
  if (reads) refuseHiddenOperation(document);
  return reads;
}

/**
 * Our parser found no write. Another may end a comment at U+2028, or a block string at `\"""`, and find one in what we
 * took for text. The keyword cannot be spelt in another way, so a document without it is safe with any parser.
 */
function refuseHiddenOperation(document: string): void {
  if (!/\b(?:mutation|subscription)\b/.test(document)) return;
  throw unreadable(
    'its GraphQL query has the word "mutation" or "subscription" in it; use a variable',
  );
}

function parseDocument(document: string) {
  try {
    return parse(document, { noLocation: true, maxTokens }).definitions;
  } catch (cause) {
    throw unreadable('its GraphQL document cannot be parsed', cause);
  }
}
