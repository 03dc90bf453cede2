// A strict reader of the Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): what promtool
// would complain of is an error here.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** @throws Error for text that is not well-formed, a sample of no family, or one that comes twice */
export function parsePrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const lines = text.split('\n').filter((line) => line !== '');
  const families: Family[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('# TYPE ')) families.push(parseFamily(lines[index - 1] ?? '', line));
    else if (!line.startsWith('# HELP ')) addSample(families.at(-1), line);
  }
  refuseTwins(families.map(({ name }) => name));
  for (const family of families) checkFamily(family);
  return new Map(families.map((family) => [family.name, family]));
}

function addSample(family: Family | undefined, line: string): void {
  const sample = parseSample(line);
  if (!family || !belongs(sample, family)) throw new Error(`astray: ${line}`);
  family.samples.push(sample);
}

function refuseTwins(keys: readonly string[]): void {
  const twin = keys.find((key, index) => keys.indexOf(key) < index);
  if (twin !== undefined) throw new Error(`twice: ${twin}`);
}

function parseFamily(helpLine: string, typeLine: string): Family {
  const [, named, help = ''] = /^# HELP (\S+) (.+)$/.exec(helpLine) ?? [];
  const kinds = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/;
  const [, name = '', type = ''] = kinds.exec(typeLine) ?? [];
  if (name === '' || named !== name) throw new Error(`${helpLine} / ${typeLine}`);
  return { name, help, type, samples: [] };
}

function parseSample(line: string): Sample {
  // prom-client's way to write NaN; Prometheus takes it in any case.
  const [, name = '', labelText = '', valueText = ''] = sampleLine.exec(line) ?? [];
  const value = { '+Inf': Infinity, '-Inf': -Infinity, Nan: NaN }[valueText] ?? Number(valueText);
  if (name === '' || (Number.isNaN(value) && valueText !== 'Nan')) throw new Error(line);
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < labelText.length) {
    const [, key = '', escaped = ''] = label.exec(labelText) ?? [];
    if (key === '' || key in labels) throw new Error(`labels: ${line}`);
    labels[key] = escaped.replace(/\\(["\\n])/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return { name, labels, value };
}

function belongs({ name }: Sample, family: Family): boolean {
  if (family.type !== 'histogram' && family.type !== 'summary') return name === family.name;
  return [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(name);
}

/** What promtool's linter says of names, for our own. */
function checkFamily({ name, type, samples }: Family): void {
  refuseTwins(samples.map((one) => JSON.stringify([one.name, Object.entries(one.labels).sort()])));
  if (!name.startsWith('sf_auth_proxy_')) return;
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
  if (type !== 'histogram') return;
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const { labels, value } of counts) {
    const buckets = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    );
    const values = buckets.map((bucket) => bucket.value);
    const isGrowing = values.every((one, index) => one >= (values[index - 1] ?? 0));
    if (!isGrowing || buckets.at(-1)?.labels.le !== '+Inf' || values.at(-1) !== value) {
      throw new Error(`${name} has buckets that do not add up`);
    }
  }
}

/** The value of the one sample with these labels. */
export function sampleValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return samples.find(
    (sample) =>
      sample.name === `sf_auth_proxy_${name}` &&
      Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  )?.value;
}
