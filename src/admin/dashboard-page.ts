// The page at `/`, as HTML from the state of the moment. Parts marked `data-live` are fetched again by the script and taken
// over where they differ, so that this is the only place that knows how things look.
import { html } from 'hono/html';
import {
  formatAgo,
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
  secondsBetween,
} from './format.ts';
import { orgCard } from './org-card.ts';
import { requestsSection } from './requests-section.ts';
import type { ClientJson, StatusJson } from './status.ts';
import type { OutcomeKind, Percentiles, TrafficSummary } from './traffic-history.ts';

type Markup = ReturnType<typeof html>;

/** A dot, as the tab shows it. */
const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Ccircle cx=%228%22 cy=%228%22 r=%226%22 fill=%22%230b63c5%22/%3E%3C/svg%3E';

const outcomeNames: readonly (readonly [OutcomeKind, string])[] = [
  ['ok', 'OK'],
  ['client_error', '4xx'],
  ['server_error', '5xx'],
  ['proxy_error', 'Proxy error'],
  ['cut', 'Cut off'],
];
const percentileNames: readonly (readonly [keyof Percentiles, string])[] = [
  ['p50', 'p50'],
  ['p95', 'p95'],
  ['p99', 'p99'],
];

export function dashboardPage(status: StatusJson, summary: TrafficSummary): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>sf-auth-proxy</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/assets/uplot.css">
<link rel="stylesheet" href="/assets/dashboard.css">
<link rel="stylesheet" href="/assets/overview.css">
<link rel="stylesheet" href="/assets/requests.css">
<script type="module" src="/assets/dashboard.js"></script>
</head>
<body>
<a class="skip" href="#requests">Skip to the requests</a>
<header class="top">
<div id="top" data-live>${top(status)}</div>
<p id="connection" class="connection" data-state="connecting">Connecting</p>
</header>
<main>
<div id="notices" data-live>${notices(status)}</div>
<section aria-labelledby="now-title">
<h2 id="now-title">Last minute</h2>
<dl id="now" class="tiles" data-live>${tiles(status, summary)}</dl>
</section>
<section aria-labelledby="orgs-title">
<h2 id="orgs-title">Orgs</h2>
<div id="orgs" class="cards" data-live>${status.orgs.map((org) => orgCard(org, status.now))}</div>
</section>
<section aria-labelledby="hour-title">
<h2 id="hour-title">Last hour</h2>
<div class="charts">
${chart('rates', 'Requests a second', outcomeNames)}
${chart('latency', 'Time to answer', percentileNames)}
</div>
</section>
<section aria-labelledby="clients-title">
<h2 id="clients-title">Clients</h2>
<div id="clients" data-live>${clients(status)}</div>
</section>
${requestsSection(status)}
</main>
<p id="toast" role="status"></p>
</body>
</html>`;
}

function top({ version, readiness, startedAt, now }: StatusJson): Markup {
  const names = { starting: 'Starting', ready: 'Ready', draining: 'Draining' } as const;
  return html`<h1>sf-auth-proxy</h1>
<p><span class="badge ${readiness}">${names[readiness]}</span>
<span class="muted">version ${version}, up ${formatSeconds(secondsBetween(startedAt, now))}</span></p>`;
}

function notices({ configuration, now }: StatusJson): Markup {
  const { refused, needsRestart } = configuration;
  return html`${
    refused &&
    html`<div class="notice bad"><strong>The newest configuration is refused, and the one before it goes on</strong>
<span class="muted">${formatAgo(refused.at, now)}</span>
<pre>${refused.message}</pre></div>`
  }${
    needsRestart.length > 0 &&
    html`<p class="notice warn"><strong>Restart to take over:</strong> ${needsRestart.join(', ')}</p>`
  }`;
}

function tiles(
  { orgs }: StatusJson,
  { perSecond, failed, p50, p95, p99 }: TrafficSummary,
): Markup[] {
  const sum = (values: number[]) => formatCount(values.reduce((a, b) => a + b, 0));
  const all: [name: string, value: string, look?: string][] = [
    ['Requests a second', formatRate(perSecond)],
    ['Not OK', formatPercent(failed), failed > 0.05 ? 'bad' : ''],
    ['p50', formatMs(p50)],
    ['p95', formatMs(p95)],
    ['p99', formatMs(p99)],
    ['In flight now', sum(orgs.map(({ inFlight }) => inFlight))],
    ['Queued now', sum(orgs.map(({ queued }) => queued))],
  ];
  return all.map(
    ([name, value, look = '']) =>
      html`<div class="tile ${look}"><dt>${name}</dt><dd>${value}</dd></div>`,
  );
}

function chart(
  name: string,
  title: string,
  series: readonly (readonly [key: string, name: string])[],
): Markup {
  return html`<figure class="chart" id="chart-${name}">
<figcaption><strong>${title}</strong>
<ul class="legend">${series.map(
    ([key, label]) =>
      html`<li class="series-${key}" data-series="${key}"><span class="label">${label}</span> <span class="value"></span></li>`,
  )}</ul></figcaption>
<div class="plot" role="img" aria-label="${title} over the last hour"></div>
</figure>`;
}

function clients({ clients, now }: StatusJson): Markup {
  if (clients.length === 0) return html`<p class="empty">Nobody has called yet.</p>`;
  return html`<table class="clients">
<thead><tr><th scope="col">Client</th><th scope="col" class="number">Requests</th><th scope="col" class="number">Errors</th><th scope="col" class="number">Last request</th></tr></thead>
<tbody>${clients.map((client) => clientRow(client, now))}</tbody>
</table>`;
}

function clientRow({ name, requests, errors, lastRequestAt }: ClientJson, now: string): Markup {
  return html`<tr><th scope="row">${name === '-' ? html`<span class="muted">without a key</span>` : name}</th>
<td class="number">${formatCount(requests)}</td>
<td class="number">${formatCount(errors)} <span class="muted">${formatPercent(errors / requests)}</span></td>
<td class="number">${formatAgo(lastRequestAt, now)}</td></tr>`;
}
