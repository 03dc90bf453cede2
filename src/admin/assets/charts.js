// The charts of the last hour: uPlot on the columns of /api/history. Colours are those of the style sheet, so that light and
// dark need no second list.
import uPlot from './uplot.js';

const refreshEveryMs = 10_000;
const height = 190;
/** Of a proxy that has just started. */
const shortestSeconds = 600;

export function startCharts() {
  const rates = createChart('chart-rates', {
    columns: ({ rates }, keys) => stacked(keys.map((key) => rates[key])),
    own: ({ rates }, key) => rates[key],
    isFilled: true,
    format: formatRate,
  });
  const latency = createChart('chart-latency', {
    columns: ({ latencyMs }, keys) => keys.map((key) => latencyMs[key]),
    own: ({ latencyMs }, key) => latencyMs[key],
    isFilled: false,
    isLogarithmic: true,
    format: formatMs,
  });
  const refresh = async () => {
    const answer = await fetch('/api/history').catch(() => undefined);
    if (!answer?.ok) return;
    const history = await answer.json();
    rates.show(history);
    latency.show(history);
  };
  const redraw = () => {
    rates.redraw();
    latency.redraw();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  setInterval(() => {
    if (document.visibilityState === 'visible') void refresh();
  }, refreshEveryMs);
  void refresh();
  return { refresh };
}

function createChart(id, { columns, own, isFilled, isLogarithmic, format }) {
  const figure = document.getElementById(id);
  const box = figure.querySelector('.plot');
  const title = box.getAttribute('aria-label');
  const legend = [...figure.querySelectorAll('[data-series]')];
  const keys = legend.map(({ dataset }) => dataset.series);
  let history;

  const colorOf = (index) => getComputedStyle(legend[index]).color;
  const series = keys.map((_, index) => ({
    stroke: () => colorOf(index),
    width: isFilled ? 1 : 1.5,
    ...(isFilled && { fill: () => colorOf(index) }),
    points: { show: false },
    spanGaps: !isFilled,
  }));
  const plot = new uPlot(
    {
      width: box.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false }, points: { show: !isFilled } },
      scales: {
        x: { range: (_, from, to) => [from, to] },
        y: isLogarithmic ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        axis(figure, { size: 26, values: (_, ticks) => ticks.map(formatTime) }),
        axis(figure, {
          size: 58,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
        }),
      ],
      // The whole stack first: each one that follows covers its lower part.
      series: [{}, ...(isFilled ? series.toReversed() : series)],
      hooks: { setCursor: [({ cursor }) => showValues(cursor.idx)] },
    },
    [[], ...keys.map(() => [])],
    box,
  );
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height })).observe(box);

  function showValues(index) {
    for (const item of legend) {
      const value =
        index == null ? undefined : own(history, item.dataset.series)[index + firstShown(history)];
      item.querySelector('.value').textContent = value == null ? '' : format(value);
    }
  }

  return {
    show: (next) => {
      history = next;
      const data = columns(next, keys);
      const first = firstShown(next);
      const shown = [next.time, ...(isFilled ? data.toReversed() : data)];
      plot.setData(shown.map((column) => column.slice(first)));
      const latest = keys.map((key, index) => {
        const value = own(next, key).findLast((one) => one !== null) ?? 0;
        return `${legend[index].querySelector('.label').textContent} ${format(value)}`;
      });
      box.setAttribute('aria-label', `${title}; latest: ${latest.join(', ')}`);
    },
    redraw: () => plot.redraw(),
  };
}

function axis(figure, more) {
  return {
    stroke: () => getComputedStyle(figure.querySelector('.plot')).color,
    grid: {
      stroke: () => getComputedStyle(figure.querySelector('.plot')).borderTopColor,
      width: 1,
    },
    ticks: { show: false },
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
    ...more,
  };
}

/** Where the traffic begins: an hour that the proxy has not lived is not shown. */
function firstShown({ rates, time, stepSeconds }) {
  const begins = Object.values(rates).map((column) => column.findIndex((value) => value > 0));
  const first = Math.min(...begins.map((index) => (index < 0 ? time.length : index)));
  return Math.max(0, Math.min(first - 1, time.length - shortestSeconds / stepSeconds));
}

/** Each column with all below it, the first at the bottom. */
function stacked(columns) {
  const sums = [];
  for (const column of columns) {
    const below = sums.at(-1);
    sums.push(column.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return sums;
}

function formatRate(perSecond) {
  return perSecond >= 10 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

function formatMs(ms) {
  return ms >= 1000 ? `${(ms / 1000).toFixed(ms >= 10_000 ? 0 : 1)} s` : `${Math.round(ms)} ms`;
}

function formatTime(seconds) {
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return new Date(seconds * 1000).toLocaleTimeString([], options);
}
