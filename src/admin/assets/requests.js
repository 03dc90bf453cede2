// The table of the last requests: rows from events, a filter, and a pause for whoever reads.

const shownRows = 200;
const partKeys = ['waiting', 'login', 'upstream', 'rest'];

export function startRequests(announce) {
  const rows = document.getElementById('rows');
  const template = document.getElementById('row');
  const form = document.getElementById('filter');
  const pause = document.getElementById('pause');
  const count = document.getElementById('count');
  const none = document.getElementById('none');
  /** Of rows: what the filter looks at. */
  const facts = new WeakMap();
  let fresh = [];
  let isPaused = false;
  let isDrawing = false;

  function add(request) {
    fresh.push(request);
    if (fresh.length > shownRows) fresh.shift();
    if (isPaused || isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    isDrawing = false;
    const filter = readFilter(form);
    const added = fresh.map((request) => {
      const row = fillRow(template.content.cloneNode(true).firstElementChild, request);
      facts.set(row, factsOf(request));
      row.hidden = !matches(facts.get(row), filter);
      addOption(form.elements.org, request.org);
      addOption(form.elements.client, request.client ?? '-');
      return row;
    });
    fresh = [];
    rows.prepend(...added.toReversed());
    for (const row of [...rows.children].slice(shownRows)) row.remove();
    showCount();
  }

  function applyFilter() {
    const filter = readFilter(form);
    for (const row of rows.children) row.hidden = !matches(facts.get(row), filter);
    showCount();
    announce(count.textContent);
  }

  function showCount() {
    const all = rows.children.length;
    const shown = [...rows.children].filter((row) => !row.hidden).length;
    count.textContent = shown === all ? `the last ${all}` : `${shown} of the last ${all}`;
    none.hidden = shown > 0;
    if (all > 0) none.textContent = 'None of the last requests matches the filter.';
  }

  let typing;
  form.addEventListener('input', ({ target }) => {
    clearTimeout(typing);
    typing = setTimeout(applyFilter, target.name === 'text' ? 150 : 0);
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    pause.setAttribute('aria-pressed', String(isPaused));
    if (!isPaused) draw();
  });
  return { add };
}

function readFilter({ elements: { org, client, ending, text } }) {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  return { org: org.value, client: client.value, ending: ending.value, words };
}

function factsOf({ org, client, outcome, replayed, method, path, status, requestId, error }) {
  const text = [method, path, status, outcome, requestId, error?.message].join(' ').toLowerCase();
  return { org, client: client ?? '-', ending: outcome.split(':')[0], replayed, text };
}

function matches({ org, client, ending, replayed, text }, filter) {
  return (
    (filter.org === '' || filter.org === org) &&
    (filter.client === '' || filter.client === client) &&
    (filter.ending === '' ||
      filter.ending === (filter.ending === 'replayed' && replayed ? 'replayed' : ending)) &&
    filter.words.every((word) => text.includes(word))
  );
}

function addOption(select, value) {
  if (value === null || [...select.options].some((option) => option.value === value)) return;
  select.add(new Option(value === '-' ? 'without a key' : value, value));
}

function fillRow(row, request) {
  const put = (selector, text) => {
    const element = row.querySelector(selector);
    element.textContent = text;
    element.hidden = text === '';
    return element;
  };
  const { at, status, outcome, replayed, cut, error } = request;
  const time = put('time', new Date(at).toLocaleTimeString([], { hourCycle: 'h23' }));
  time.dateTime = at;
  put('.code', status === 0 ? 'none' : String(status)).classList.add(outcome.split(':')[0]);
  put('.method', request.method);
  put('.path', request.path).title = `request id ${request.requestId}`;
  put('.tag', [replayed && 'replayed', cut && 'cut off'].filter(Boolean).join(', '));
  const why = row.querySelector('.why');
  why.hidden = error === null;
  why.querySelector('summary').textContent = error?.code ?? '';
  why.querySelector('span').textContent = error?.message ?? '';
  put('.org', request.org ?? '–');
  put('.client', request.client ?? '–');
  put('.took', formatMs(request.durationMs));
  fillSplit(row, request);
  return row;
}

/** Where the time went, as a bar and in words. */
function fillSplit(row, { durationMs, waitingMs, loginMs, upstreamMs }) {
  const known = [waitingMs ?? 0, loginMs ?? 0, upstreamMs ?? 0];
  const rest = Math.max(0, durationMs - known[0] - known[1] - known[2]);
  const whole = Math.max(durationMs, 0.1);
  let x = 0;
  for (const [index, ms] of [...known, rest].entries()) {
    const width = Math.min(100 - x, (ms / whole) * 100);
    const rect = row.querySelector(`rect.part-${partKeys[index]}`);
    rect.setAttribute('x', x.toFixed(2));
    rect.setAttribute('width', width.toFixed(2));
    x += width;
  }
  const words = [
    known[0] > 0 && `waiting ${formatMs(known[0])}`,
    known[1] > 0 && `login ${formatMs(known[1])}`,
    upstreamMs !== null && `Salesforce ${formatMs(upstreamMs)}`,
  ];
  const text = words.filter(Boolean).join(', ');
  row.querySelector('.parts').textContent = text || 'answered by the proxy';
  row.querySelector('.split svg').toggleAttribute('hidden', text === '');
}

function formatMs(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms >= 10_000 ? 0 : 1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}
