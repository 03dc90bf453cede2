import { expect, test } from 'vitest';
import { RecordStore } from '../../../src/simulator/data/records.ts';
import { findObject, type ObjectDefinition } from '../../../src/simulator/data/schema.ts';
import { seededCounts, seedRecords } from '../../../src/simulator/data/seed.ts';
import { columnName, runSoql, toSObject } from '../../../src/simulator/data/soql.ts';

const nowMs = Date.UTC(2026, 5, 15, 12);
const records = new RecordStore(() => nowMs);
seedRecords(records, '005000000000001AAA');
const account = findObject('Account') as ObjectDefinition;

function query(soql: string, withDeleted = false) {
  return runSoql(records, soql, { withDeleted, nowMs });
}

const names = (soql: string) => query(soql).rows.map((row) => row.Name);
const count = (where: string, object = 'Account') =>
  query(`SELECT COUNT() FROM ${object} WHERE ${where}`).rows.length;

test('every comparison selects what it says', () => {
  const all = seededCounts.accounts;
  expect(count("Name = 'acme analytics 1'")).toBe(1);
  expect(count("Name != 'Acme Analytics 1'")).toBe(all - 1);
  expect(count('NumberOfEmployees < 37') + 1).toBe(count('NumberOfEmployees <= 37'));
  expect(count('NumberOfEmployees >= 37') + count('NumberOfEmployees < 37')).toBe(all);
  expect(count("Name > 'H'")).toBeGreaterThan(0);
  expect(count("Name LIKE 'acme%'")).toBe(38);
  expect(count("Name LIKE 'Acme _nalytics 1'")).toBe(1);
  expect(count("Name LIKE '%.%'")).toBe(0);
  expect(count("Ext__c IN ('EXT-1', 'EXT-2', 'x')")).toBe(2);
  expect(count("Ext__c NOT IN ('EXT-1', 'EXT-2')")).toBe(all - 2);
  expect(count('Active__c = true')).toBe(all / 2);
  expect(count('AnnualRevenue = null')).toBe(all / 10);
  expect(count('AnnualRevenue != null')).toBe(all - all / 10);
  expect(count('AnnualRevenue > 0')).toBe(all - all / 10);
});

test('NOT binds tighter than AND, AND tighter than OR, parentheses tightest', () => {
  const one = "Ext__c = 'EXT-1'";
  const two = "Ext__c = 'EXT-2'";
  expect(count(`${one} OR ${two}`)).toBe(2);
  expect(count(`(${one} OR ${two}) AND NOT ${one}`)).toBe(1);
  expect(count(`NOT (${one} OR ${two})`)).toBe(seededCounts.accounts - 2);
  expect(count(`(${one} AND (Name LIKE 'x%' OR Active__c = TRUE)) OR (${two})`)).toBe(2);
  expect(count(`(NOT ${one}) AND (NOT ${two})`)).toBe(seededCounts.accounts - 2);
});

test('dates, date-times and date literals are spans of time', () => {
  expect(count('CreatedDate = 2024-01-01T09:00:00Z')).toBe(1);
  expect(count('CreatedDate < 2024-01-03T00:00:00Z')).toBe(2);
  expect(count('CreatedDate >= 2024-01-03T09:00:00.000+00:00')).toBe(seededCounts.accounts - 2);
  expect(count('CloseDate = 2024-01-03', 'Opportunity')).toBe(1);
  expect(count('CloseDate <= 2024-01-03', 'Opportunity')).toBe(2);
  expect(count('CloseDate > 2024-01-03', 'Opportunity')).toBe(seededCounts.opportunities - 2);
  expect(count('CloseDate = THIS_YEAR', 'Opportunity')).toBeGreaterThan(80);
  expect(count('CloseDate = TODAY', 'Opportunity')).toBe(1);
  expect(count('CloseDate = LAST_N_DAYS:3', 'Opportunity')).toBe(2);
});

test('quotes and backslashes in a literal are unescaped', () => {
  expect(count("LastName = 'O\\'Brien'", 'Contact')).toBeGreaterThan(0);
  expect(count("Name = 'a\\\\b'")).toBe(0);
});

test('ORDER BY, LIMIT and OFFSET page through the rows', () => {
  const first = names('SELECT Name FROM Account ORDER BY Name LIMIT 3');
  expect(first).toEqual([...first].sort());
  expect(names('SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 1')).toEqual(first.slice(1));
  const [last] = names('SELECT Name FROM Account ORDER BY Name DESC LIMIT 1');
  expect(String(last) > String(first[2])).toBe(true);
  const revenues = (order: string) =>
    query(`SELECT AnnualRevenue FROM Account ORDER BY AnnualRevenue ${order}`).rows.map(
      (row) => row.AnnualRevenue,
    );
  expect(revenues('ASC')[0]).toBeNull();
  expect(revenues('ASC NULLS LAST').at(-1)).toBeNull();
  expect(revenues('DESC NULLS FIRST')[0]).toBeNull();
  expect(names('SELECT Name FROM Contact ORDER BY LastName, FirstName DESC LIMIT 1')).toEqual([
    'Håkon Andersson',
  ]);
});

test('parent fields are nested, with the attributes of each parent', () => {
  const result = query('SELECT Id, c.Account.Name, Account.Parent.Name FROM Contact c LIMIT 1');
  expect(result.columns.map(columnName)).toEqual(['Id', 'Account.Name', 'Account.Parent.Name']);
  const [row] = result.rows;
  expect(row && toSObject(result, row, '67.0')).toEqual({
    attributes: { type: 'Contact', url: `/services/data/v67.0/sobjects/Contact/${row?.Id}` },
    Id: row?.Id,
    Account: {
      attributes: {
        type: 'Account',
        url: `/services/data/v67.0/sobjects/Account/${row?.AccountId}`,
      },
      Name: 'Acme Analytics 1',
      Parent: null,
    },
  });
});

test('FIELDS(ALL) selects every field', () => {
  const result = query('SELECT FIELDS(ALL) FROM Account LIMIT 1');
  expect(result.columns.map(columnName)).toEqual([...account.fields.values()].map((f) => f.name));
});

test('deleted rows appear in queryAll only', () => {
  const id = records.create(account, { Name: 'Short-lived' });
  records.delete(account, id);
  const soql = "SELECT Id, IsDeleted FROM Account WHERE Name = 'Short-lived'";
  expect(query(soql).rows).toEqual([]);
  expect(query(soql, true).rows).toMatchObject([{ Id: id, IsDeleted: true }]);
});

test.each([
  ['SELECT Id FROM Nothing__c', 'INVALID_TYPE'],
  ['SELECT Nothing__c FROM Account', 'INVALID_FIELD'],
  ["SELECT Id FROM Account WHERE Nothing__c = 'x'", 'INVALID_FIELD'],
  ['SELECT Nowhere.Name FROM Account', 'INVALID_FIELD'],
  ['SELECT Id FROM Account WHERE Name = 5', 'INVALID_FIELD'],
  ['SELECT Id FROM Account WHERE', 'MALFORMED_QUERY'],
  ['SELECT FROM Account', 'MALFORMED_QUERY'],
  ['DELETE FROM Account', 'MALFORMED_QUERY'],
])('%s is refused as %s', (soql, errorCode) => {
  expect(() => query(soql)).toThrow(expect.objectContaining({ status: 400, errorCode }));
});
