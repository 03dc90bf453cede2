// One batch of a Bulk API 1.0 job: its records read from CSV, JSON or XML, applied, and the outcome written in the same format.
// Authority: Bulk API Developer Guide, "Work with Batches".

import { ApiError } from '../data/api-error.ts';
import { commaAndLf, formatCsvRow, parseCsv } from '../data/csv.ts';
import {
  applyOperation,
  fieldsFromText,
  type Operation,
  type OperationOutcome,
  operations,
} from '../data/record-operations.ts';
import type { Fields } from '../data/records.ts';
import { findField, findObject, type ObjectDefinition } from '../data/schema.ts';
import { columnName, runSoql, type SoqlResult, toSObject } from '../data/soql.ts';
import type { OrgState } from '../org-state.ts';
import { escapeXml, readElements, readTextChildren } from '../xml.ts';
import { parseJson, requireArray, requireObject } from './rest-call.ts';

export interface BulkV1JobSettings {
  readonly objectName: string;
  readonly operation: string;
  /** CSV, JSON or XML. */
  readonly contentType: string;
  readonly externalIdName?: string;
}

export interface BatchOutput {
  readonly processed: number;
  readonly failed: number;
  readonly isQuery: boolean;
  readonly contentType: string;
  readonly body: string;
}

export function runBatch(org: OrgState, job: BulkV1JobSettings, text: string): BatchOutput {
  const format = formats[job.contentType] ?? xmlFormat;
  const { contentType } = format;
  if (job.operation === 'query' || job.operation === 'queryAll') {
    const options = { withDeleted: job.operation === 'queryAll', nowMs: org.now() };
    const selected = runSoql(org.records, text, options);
    const body = format.writeRows(selected);
    return { processed: selected.rows.length, failed: 0, isQuery: true, contentType, body };
  }
  const object = findObject(job.objectName);
  const operation = job.operation as Operation;
  if (!object || !operations.includes(operation)) {
    throw new ApiError(400, 'InvalidJob', `Cannot ${job.operation} ${job.objectName}`);
  }
  const externalIdField = findField(object, job.externalIdName ?? '');
  const target = { object, operation, ...(externalIdField ? { externalIdField } : {}) };
  const outcomes = format
    .readRecords(object, text)
    .map((fields) => applyOperation(org.records, target, fields));
  const failed = outcomes.filter(({ success }) => !success).length;
  const body = format.writeOutcomes(outcomes);
  return { processed: outcomes.length, failed, isQuery: false, contentType, body };
}

interface BatchFormat {
  readonly contentType: string;
  readonly readRecords: (object: ObjectDefinition, text: string) => Fields[];
  readonly writeOutcomes: (outcomes: OperationOutcome[]) => string;
  readonly writeRows: (selected: SoqlResult) => string;
}

const csvFormat: BatchFormat = {
  contentType: 'text/csv',
  readRecords: (object, text) => {
    const [header = [], ...rows] = parseCsv(text);
    return rows.map((cells) =>
      fieldsFromText(object, Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']))),
    );
  },
  writeOutcomes: (outcomes) => {
    const lines = outcomes.map((outcome) =>
      outcome.success
        ? [outcome.id, true, outcome.created, '']
        : ['', false, false, `${outcome.error.errorCode}:${outcome.error.message}--`],
    );
    return [['Id', 'Success', 'Created', 'Error'], ...lines]
      .map((cells) => formatCsvRow(cells, commaAndLf))
      .join('');
  },
  writeRows: ({ columns, rows }) =>
    [columns.map(columnName), ...rows.map((row) => columns.map(({ read }) => read(row)))]
      .map((cells) => formatCsvRow(cells, commaAndLf))
      .join(''),
};

const jsonFormat: BatchFormat = {
  contentType: 'application/json',
  readRecords: (_, text) => requireArray(parseJson(text), 'records').map(requireObject),
  writeOutcomes: (outcomes) =>
    JSON.stringify(
      outcomes.map((outcome) => {
        if (outcome.success) {
          return { success: true, created: outcome.created, id: outcome.id, errors: [] };
        }
        const { errorCode: statusCode, message, fields = [] } = outcome.error;
        const errors = [{ message, fields, statusCode, extendedErrorDetails: null }];
        return { success: false, created: false, id: null, errors };
      }),
    ),
  writeRows: (selected) =>
    JSON.stringify(selected.rows.map((row) => toSObject(selected, row, '67.0'))),
};

const xmlNamespace = 'xmlns="http://www.force.com/2009/06/asyncapi/dataload"';
const xmlFormat: BatchFormat = {
  contentType: 'application/xml',
  readRecords: (object, text) =>
    readElements(text, 'sObject').map((inner) => fieldsFromText(object, readTextChildren(inner))),
  writeOutcomes: (outcomes) => {
    const results = outcomes.map((outcome) =>
      outcome.success
        ? `<result><id>${outcome.id}</id><success>true</success><created>${outcome.created}</created></result>`
        : `<result><errors><message>${escapeXml(outcome.error.message)}</message><statusCode>${outcome.error.errorCode}</statusCode></errors><success>false</success><created>false</created></result>`,
    );
    return `<?xml version="1.0" encoding="UTF-8"?><results ${xmlNamespace}>${results.join('')}</results>`;
  },
  writeRows: ({ columns, rows, object }) => {
    const records = rows.map((row) => {
      const fields = columns.map((column) => {
        const name = columnName(column);
        return `<${name}>${escapeXml(String(column.read(row) ?? ''))}</${name}>`;
      });
      return `<records><type>${object.name}</type>${fields.join('')}</records>`;
    });
    return `<?xml version="1.0" encoding="UTF-8"?><queryResult ${xmlNamespace}>${records.join('')}</queryResult>`;
  },
};

const formats: Readonly<Record<string, BatchFormat>> = {
  CSV: csvFormat,
  JSON: jsonFormat,
  XML: xmlFormat,
};
