// The last requests: the frame of the table and its filter. The rows come as events, and assets/requests.js fills them in.
import { html } from 'hono/html';
import { feedSize } from './request-feed.ts';
import type { StatusJson } from './status.ts';

type Markup = ReturnType<typeof html>;

const endings: readonly (readonly [value: string, name: string])[] = [
  ['ok', 'OK'],
  ['client_error', '4xx of Salesforce'],
  ['server_error', '5xx of Salesforce'],
  ['proxy_error', 'Proxy errors'],
  ['cut', 'Cut off'],
  ['replayed', 'Replayed'],
];

/** The parts of a request's time, in the order in which they pass. */
const parts = [
  ['waiting', 'waiting'],
  ['login', 'login'],
  ['upstream', 'Salesforce'],
  ['rest', 'rest'],
] as const;

export function requestsSection({ orgs }: StatusJson): Markup {
  const orgNames = orgs.map(({ name }) => [name, name] as const);
  return html`<section id="requests" aria-labelledby="requests-title" tabindex="-1">
<div class="heading"><h2 id="requests-title">Requests</h2> <span id="count" class="muted"></span>
<button type="button" id="pause" aria-pressed="false">Pause</button></div>
<form id="filter" class="filter" role="search" aria-label="Requests">
${choice('org', 'Org', orgNames)}
${choice('client', 'Client', [])}
${choice('ending', 'Status', endings)}
<label class="grow"><span>Text</span> <input type="search" name="text" autocomplete="off" spellcheck="false" placeholder="path, method, status, error or request id"></label>
</form>
<p class="key" aria-hidden="true">${parts.map(([key, name]) => html`<span class="part-${key}">${name}</span>`)}</p>
<div class="scroller" role="region" aria-label="The last requests" tabindex="0">
<table class="requests" role="table">
<thead role="rowgroup"><tr role="row">${[
    'Time',
    'Status',
    'Request',
    'Org',
    'Client',
    'Took',
    'Where the time went',
  ].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody id="rows" role="rowgroup"></tbody>
</table>
<p id="none" class="empty">The last ${feedSize} requests appear here as they end.</p>
</div>
<template id="row"><tr role="row">
<td role="cell" class="time"><time></time></td>
<td role="cell" class="status"><span class="code"></span></td>
<td role="cell" class="what"><span class="method"></span> <span class="path long"></span> <span class="tag" hidden></span><details class="why" hidden><summary></summary><span></span></details></td>
<td role="cell" class="org"></td>
<td role="cell" class="client"></td>
<td role="cell" class="took number"></td>
<td role="cell" class="split"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">${parts.map(
    ([key]) => html`<rect class="part-${key}" height="6"/>`,
  )}</svg><span class="parts"></span></td>
</tr></template>
</section>`;
}

function choice(
  name: string,
  label: string,
  options: readonly (readonly [value: string, name: string])[],
): Markup {
  return html`<label><span>${label}</span> <select name="${name}"><option value="">All</option>${options.map(
    ([value, text]) => html`<option value="${value}">${text}</option>`,
  )}</select></label>`;
}
