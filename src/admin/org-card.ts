// One org on the dashboard: may it be used, as whom, for how long yet, and what to do when not.
import { html } from 'hono/html';
import { formatAgo, formatCount, formatSeconds } from './format.ts';
import type { OrgJson, UserJson } from './status.ts';

type Markup = ReturnType<typeof html>;
type State = UserJson['state'];

/** The worst first: that is the state of an org. */
const states: readonly (readonly [State, string])[] = [
  ['failed', 'Login failed'],
  ['logging_in', 'Logging in'],
  ['none', 'No session yet'],
  ['ready', 'Ready'],
];
const stateNames = Object.fromEntries(states) as Record<State, string>;

export function orgCard(org: OrgJson, now: string): Markup {
  const { name, users } = org;
  const [state = 'none'] = states.find(([one]) => users.some((user) => user.state === one)) ?? [];
  return html`<article class="card" id="org-${name}" aria-labelledby="org-${name}-title">
<header><h3 id="org-${name}-title">${name}</h3>
${badge(state)}
<button type="button" data-login="${name}" aria-describedby="org-${name}-title">Log in again</button></header>
${users.map((user) => userFacts(user, { isOnly: users.length === 1, now }))}
<dl class="facts">
${fact('Certificate', certificate(org))}
${fact('In flight', html`${formatCount(org.inFlight)} <span class="muted">and ${formatCount(org.queued)} queued</span>`)}
</dl>
${usage(org)}
</article>`;
}

function userFacts(
  { username, state, instance, ageSeconds, lastLoginAt, error }: UserJson,
  { isOnly, now }: { isOnly: boolean; now: string },
): Markup {
  const lastLogin = lastLoginAt
    ? html`<time datetime="${lastLoginAt}">${formatAgo(lastLoginAt, now)}</time>${error ? ', failed' : ''}`
    : html`<span class="muted">not yet</span>`;
  return html`${
    error && html`<p class="error"><strong>${error.code}</strong> ${error.message}</p>`
  }<dl class="facts user">
${fact('User', html`<span class="long">${username}</span> ${isOnly ? '' : badge(state)}`)}
${fact('Instance', instance ? html`<span class="long">${new URL(instance).host}</span>` : html`<span class="muted">known after a login</span>`)}
${fact('Session age', ageSeconds === null ? html`<span class="muted">no session</span>` : html`${formatSeconds(ageSeconds)}`)}
${fact('Last login', lastLogin)}
</dl>`;
}

function certificate({ certificate }: OrgJson): Markup {
  if (!certificate) return html`<span class="muted">not configured</span>`;
  const { standing, daysLeft, validTo } = certificate;
  const until = validTo.slice(0, 10);
  if (standing === 'expired') return html`<span class="bad">expired on ${until}</span>`;
  const days = `${formatCount(daysLeft)} ${daysLeft === 1 ? 'day' : 'days'}`;
  const look = standing === 'expires_soon' ? 'warn' : '';
  return html`<span class="${look}">${days} left</span> <span class="muted">until ${until}</span>`;
}

/** A meter of our own: the browser's cannot be drawn alike everywhere. */
function usage({ name, apiUsage }: OrgJson): Markup {
  const id = `org-${name}-usage`;
  if (!apiUsage || apiUsage.limit === 0) {
    return html`<div class="usage"><p><span id="${id}">API requests, 24 h</span> <span class="muted">known after a request</span></p>
<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/></svg></div>`;
  }
  const { used, limit, stopPercent } = apiUsage;
  const percent = Math.round((used / limit) * 1000) / 10;
  const text = `${formatCount(used)} of ${formatCount(limit)}`;
  const isSpent = stopPercent > 0 && percent >= stopPercent;
  return html`<div class="usage"><p><span id="${id}">API requests, 24 h</span> <span>${text} <span class="muted">${percent} %</span></span></p>
<div role="meter" aria-labelledby="${id}" aria-valuemin="0" aria-valuemax="${limit}" aria-valuenow="${used}" aria-valuetext="${text}">
<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect class="used ${usageLook(percent)}" width="${Math.min(100, percent)}" height="4"/>${
    stopPercent > 0 && html`<rect class="stop" x="${stopPercent - 0.2}" width="0.4" height="4"/>`
  }</svg>
</div>${isSpent && html`<p class="bad">Requests are refused from ${stopPercent} % on (limits.api_usage_stop).</p>`}</div>`;
}

function usageLook(percent: number): string {
  if (percent >= 90) return 'bad';
  return percent >= 75 ? 'warn' : '';
}

function badge(state: State): Markup {
  return html`<span class="badge ${state}">${stateNames[state]}</span>`;
}

function fact(name: string, value: Markup): Markup {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
