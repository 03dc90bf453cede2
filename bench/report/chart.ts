// The picture of the README: what a small request costs each contestant, nginx being 1. In two themes, for `<picture>`.
import { init } from 'echarts';
import { type ContestantFacts, cpuPerUnit, type Results, roundsOf } from '../results.ts';
import { smallScenario as scenario } from '../scenarios.ts';
import { median } from '../statistics.ts';
import { microseconds } from './format.ts';
import { compare } from './goals.ts';

export type Theme = 'light' | 'dark';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

const width = 800;
const rowHeight = 34;
const head = 56;

const colours = {
  light: { text: '#1f2328', faint: '#59636e', ours: '#0969da', others: '#c8ccd1' },
  dark: { text: '#f0f6fc', faint: '#9198a1', ours: '#4493f8', others: '#3d444d' },
} as const;

/** Undefined where the scenario was not measured. */
export function renderChart(results: Results, theme: Theme): string | undefined {
  const isToNginx = roundsOf(results, scenario, 'nginx') !== undefined;
  const bars = results.contestants
    .flatMap((one) => barOf(results, one, isToNginx))
    .sort((a, b) => b.value - a.value);
  if (bars.length === 0) return undefined;
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width,
    height: head + bars.length * rowHeight + 12,
  });
  chart.setOption(
    option(bars, theme, isToNginx ? (value) => value.toFixed(1) : microseconds, isToNginx),
  );
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function barOf(results: Results, one: ContestantFacts, isToNginx: boolean): Bar[] {
  const rounds = roundsOf(results, scenario, one.name);
  if (!rounds || rounds.length === 0) return [];
  const value = isToNginx
    ? compare(results, scenario, [one.name, 'nginx'], (a, b) => cpuPerUnit(a) / cpuPerUnit(b))
        ?.median
    : median(rounds.map(cpuPerUnit));
  if (value === undefined || !Number.isFinite(value)) return [];
  return [{ label: one.label, value, isOurs: one.isOurs }];
}

function option(
  bars: readonly Bar[],
  theme: Theme,
  format: (value: number) => string,
  isToNginx: boolean,
) {
  const { text, faint, ours, others } = colours[theme];
  const fontFamily = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif';
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily },
    title: {
      text: 'CPU per small request through a proxy',
      subtext: `GET of 1.8 KB, TLS upstream, 32 connections${isToNginx ? '; nginx = 1.0' : ''}. Shorter is better`,
      left: 12,
      top: 6,
      itemGap: 6,
      textStyle: { color: text, fontSize: 16, fontFamily },
      subtextStyle: { color: faint, fontSize: 13, fontFamily },
    },
    // Room for the longest label, whatever font the reader has.
    grid: { left: 285, right: 76, top: head + 6, bottom: 6 },
    xAxis: { type: 'value', show: false, min: 0 },
    yAxis: {
      type: 'category',
      data: bars.map(({ label }) => label),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        fontSize: 14,
        margin: 12,
        color: (label?: string | number) =>
          bars.find((bar) => bar.label === label)?.isOurs ? ours : text,
      },
    },
    series: [
      {
        type: 'bar' as const,
        silent: true,
        barWidth: 20,
        data: bars.map(({ value, isOurs }) => ({
          value,
          itemStyle: { color: isOurs ? ours : others, borderRadius: 3 },
        })),
        label: {
          show: true,
          position: 'right' as const,
          color: text,
          fontSize: 14,
          formatter: ({ value }: { value: unknown }) => format(Number(value)),
        },
      },
    ],
  };
}
