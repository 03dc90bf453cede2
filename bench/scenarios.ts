// What is measured, as data. Traffic is what every contestant takes part in; the rest is about our proxy, or about
// processes rather than traffic.

import { clientKey } from './contestants/ours-config.ts';
import type { Precision } from './effort.ts';
import type { LoadRequest } from './load/load.ts';
import type { Unit } from './results.ts';
import { paths, recordBody } from './upstream/salesforce-answers.ts';

export interface TrafficScenario {
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly unit: Unit;
  readonly request: LoadRequest;
  /** A body, one way or the other, that is sent so many times in a round, instead of for a time. */
  readonly bulk?: { readonly bytes: number; readonly transfers: number };
  /** Before its first round: it runs paths of code that the warm-up, a small GET, has not. */
  readonly warmUpLoads?: number;
  readonly precision: Precision;
  /** The upstream itself takes part, without a proxy: what is then left is what a proxy adds. */
  readonly withDirect?: boolean;
  readonly isQuick: boolean;
}

export const megabyte = 1024 * 1024;

/** The one that most goals are about. */
export const smallScenario = 'get-32';
/** The upstream itself, in the place of a contestant. */
export const direct = 'direct';
export const clientsScenario = 'clients';
export const oneClient = '1 client, 1 org';
export const manyClients = '200 clients, 20 orgs';
export const renewalScenario = 'renewal';

const headers = { Accept: 'application/json', 'X-API-Key': clientKey(0) };

export const smallGet: LoadRequest = { method: 'GET', path: paths.query, headers };

const smallPost: LoadRequest = {
  method: 'POST',
  path: paths.record,
  headers: { ...headers, 'Content-Type': 'application/json' },
  body: recordBody,
};

export const traffic: readonly TrafficScenario[] = [
  {
    name: smallScenario,
    title: 'GET of 1.8 KB of JSON, 32 connections',
    connections: 32,
    unit: 'request',
    request: smallGet,
    // Two more seconds, over which programs on Node.js still get faster.
    warmUpLoads: 2,
    precision: 'fine',
    isQuick: true,
  },
  {
    name: 'get-1',
    title: 'GET of 1.8 KB of JSON, 1 connection',
    connections: 1,
    unit: 'request',
    request: smallGet,
    withDirect: true,
    precision: 'usual',
    isQuick: false,
  },
  {
    name: 'get-256',
    title: 'GET of 1.8 KB of JSON, 256 connections',
    connections: 256,
    unit: 'request',
    request: smallGet,
    precision: 'rough',
    isQuick: false,
  },
  {
    name: 'post-32',
    title: 'POST of 2 KB of JSON, 32 connections',
    connections: 32,
    unit: 'request',
    request: smallPost,
    warmUpLoads: 1,
    precision: 'rough',
    isQuick: false,
  },
  {
    name: 'download',
    title: 'Download of 10 MB, 4 connections',
    connections: 4,
    unit: 'MB',
    request: { method: 'GET', path: paths.file(10 * megabyte), headers },
    bulk: { bytes: 10 * megabyte, transfers: 16 },
    // Programs on Node.js need half a gigabyte of bulk until they cost what they go on to cost.
    warmUpLoads: 4,
    precision: 'usual',
    isQuick: true,
  },
  {
    name: 'upload',
    title: 'Upload of 100 MB, 2 connections',
    connections: 2,
    unit: 'MB',
    request: {
      method: 'PUT',
      path: paths.upload,
      headers: { ...headers, 'Content-Type': 'text/csv' },
    },
    bulk: { bytes: 100 * megabyte, transfers: 2 },
    warmUpLoads: 3,
    precision: 'usual',
    isQuick: true,
  },
];

export const growthNames = [
  'growth-connections',
  'growth-bodies',
  'growth-uploads',
  'growth-clients',
  'growth-rules',
] as const;

const quickOthers = ['start', clientsScenario, renewalScenario, 'heap'] as const;

export type GrowthName = (typeof growthNames)[number];
export type ScenarioName = GrowthName | (typeof quickOthers)[number];

/** As `--scenario` takes them. */
export const scenarioNames: readonly string[] = [
  ...traffic.map(({ name }) => name),
  ...quickOthers,
  ...growthNames,
];

/** Those of `--quick`. */
export const quickScenarioNames: readonly string[] = [
  ...traffic.filter(({ isQuick }) => isQuick).map(({ name }) => name),
  ...quickOthers,
];

export const bodySizes = [0, 10_240, 102_400, megabyte, 10 * megabyte, 100 * megabyte];
/** About 1 MB the lane changes (design.md): smaller ones are held, to be sent again. */
export const uploadSizes = [1024, 102_400, megabyte, 2 * megabyte, 10 * megabyte, 100 * megabyte];
