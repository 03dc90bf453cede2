// The dashboard's script: takes over the parts of the page that changed, and handles its buttons. It never builds what the
// server can build: src/admin/dashboard-page.ts.
import { startCharts } from './charts.js';
import { startRequests } from './requests.js';

const refreshEveryMs = 2000;
const toastMs = 10_000;

const toast = document.getElementById('toast');
const connection = document.getElementById('connection');
const requests = startRequests(announce);
const charts = startCharts();
let toastTimer;
let refreshing;

/** For eyes and for screen readers: what somebody asked for, and never what merely happens. */
function announce(text) {
  toast.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.replaceChildren(), toastMs);
}

async function refresh() {
  const answer = await fetch('/', { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const newer = next.getElementById(part.id);
    if (newer) takeOver(part, newer);
  }
}

/** One at a time; who asks meanwhile gets the one that is under way. */
function refreshSoon() {
  refreshing ??= refresh()
    .catch(() => {})
    .finally(() => {
      refreshing = undefined;
    });
  return refreshing;
}

/** Changes only what differs, so that focus, selection and a screen reader's place stay. */
function takeOver(from, to) {
  if (from.nodeType === Node.TEXT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.dataset?.busy !== undefined) return;
  takeOverAttributes(from, to);
  const olds = [...from.childNodes];
  const news = [...to.childNodes];
  for (const [index, newer] of news.entries()) {
    const older = olds[index];
    if (!older) from.append(newer);
    else if (older.nodeName !== newer.nodeName || older.id !== newer.id) older.replaceWith(newer);
    else takeOver(older, newer);
  }
  for (const extra of olds.slice(news.length)) extra.remove();
}

function takeOverAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

async function logInAgain(button) {
  const org = button.dataset.login;
  button.dataset.busy = '';
  button.setAttribute('aria-disabled', 'true');
  button.textContent = 'Logging in';
  try {
    const answer = await fetch(`/api/orgs/${encodeURIComponent(org)}/login`, {
      method: 'POST',
      headers: { 'x-sf-auth-proxy': '1' },
    });
    announce(`${org}: ${loginResult(await answer.json())}`);
  } catch {
    announce(`${org}: the proxy cannot be reached.`);
  }
  delete button.dataset.busy;
  await refreshSoon();
}

function loginResult(result) {
  // An error of the proxy, in Salesforce's shape.
  if (Array.isArray(result)) return result[0].message;
  const failed = result.users.find(({ state }) => state !== 'ready');
  if (failed) return failed.error?.message ?? 'the login failed.';
  return `logged in as ${result.users.map(({ username }) => username).join(' and ')}.`;
}

function connect() {
  const events = new EventSource('/api/events');
  const show = (state, text) => {
    if (connection.dataset.state === state) return;
    // The first connection is no news; its loss is.
    if (connection.dataset.state !== 'connecting')
      announce(text === 'Live' ? 'Connected again.' : 'The connection to the proxy is lost.');
    connection.dataset.state = state;
    connection.textContent = text;
  };
  events.addEventListener('open', () => show('live', 'Live'));
  events.addEventListener('error', () => {
    show('lost', 'Reconnecting');
    // A proxy that refuses (too many readers, say) is not asked again by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  });
  events.addEventListener('status', refreshSoon);
  events.addEventListener('request', ({ data }) => requests.add(JSON.parse(data)));
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-login]');
  if (button && button.dataset.busy === undefined) void logInAgain(button);
});
setInterval(() => {
  if (document.visibilityState === 'visible') void refreshSoon();
}, refreshEveryMs);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void charts.refresh();
});
connect();
