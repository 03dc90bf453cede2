// The data that every simulated org starts with. Deterministic: the same ids and values on every start.

import { type FieldValue, toSalesforceDateTime } from './field-values.ts';
import type { RecordStore } from './records.ts';
import { findObject, type ObjectDefinition } from './schema.ts';

export const seededCounts = { accounts: 300, contacts: 600, opportunities: 450 };

const adjectives = ['Acme', 'Blue', 'Cobalt', 'Delta', 'Evergreen', 'First', 'Grand', 'Harbor'];
const nouns = ['Analytics', 'Bakery', 'Cycles', 'Dynamics', 'Energy', 'Foods', 'Glass'];
const industries = ['Banking', 'Energy', 'Manufacturing', 'Retail', null];
const cities = [
  ['Berlin', 'Germany'],
  ['Lyon', 'France'],
  ['Osaka', 'Japan'],
  ['Austin', 'United States'],
  ['São Paulo', 'Brazil'],
] as const;
const firstNames = ['Ada', 'Bruno', 'Chloé', 'Dmitri', 'Emi', 'Farid', 'Grace', 'Håkon'];
const lastNames = ['Andersson', 'Bauer', 'Costa', 'Dubois', "O'Brien", 'Nakamura', 'Okafor'];
const stages = ['Prospecting', 'Qualification', 'Negotiation/Review', 'Closed Won', 'Closed Lost'];
const firstDayMs = Date.UTC(2024, 0, 1, 9);
const dayMs = 86_400_000;

export function seedRecords(records: RecordStore, ownerId: string): void {
  const accountIds = seed(records, 'Account', seededCounts.accounts, (n) => account(n, ownerId));
  const accountIdOf = (n: number) => pick(accountIds, n * 7);
  seed(records, 'Contact', seededCounts.contacts, (n) => ({
    ...contact(n),
    AccountId: accountIdOf(n),
    OwnerId: ownerId,
  }));
  seed(records, 'Opportunity', seededCounts.opportunities, (n) => ({
    ...opportunity(n),
    AccountId: accountIdOf(n),
    OwnerId: ownerId,
  }));
}

function seed(
  records: RecordStore,
  objectName: string,
  count: number,
  make: (n: number) => Record<string, FieldValue>,
): string[] {
  const object = findObject(objectName) as ObjectDefinition;
  return Array.from({ length: count }, (_, n) => {
    const stamp = toSalesforceDateTime(firstDayMs + n * dayMs);
    return records.insert(object, { ...make(n), CreatedDate: stamp, LastModifiedDate: stamp });
  });
}

function account(n: number, ownerId: string): Record<string, FieldValue> {
  const [city, country] = pick(cities, n);
  return {
    Name: `${pick(adjectives, n)} ${pick(nouns, n)} ${n + 1}`,
    Ext__c: `EXT-${n + 1}`,
    Industry: pick(industries, n),
    Type: n % 3 === 0 ? 'Prospect' : 'Customer',
    Phone: `+49 30 555 ${String(n).padStart(4, '0')}`,
    Website: `https://www.example.com/${n + 1}`,
    BillingCity: city,
    BillingCountry: country,
    AnnualRevenue: n % 10 === 9 ? null : (n + 1) * 12_500.5,
    NumberOfEmployees: (n * 37) % 5000,
    Active__c: n % 2 === 0,
    OwnerId: ownerId,
  };
}

function contact(n: number): Record<string, FieldValue> {
  const birthMs = Date.UTC(1960, 0, 1) + n * 23 * dayMs;
  return {
    FirstName: pick(firstNames, n),
    LastName: pick(lastNames, n),
    Email: `contact${n + 1}@example.com`,
    Title: n % 4 === 0 ? null : `Buyer ${n % 4}`,
    Birthdate: new Date(birthMs).toISOString().slice(0, 10),
  };
}

function opportunity(n: number): Record<string, FieldValue> {
  return {
    Name: `Opportunity ${n + 1}`,
    StageName: pick(stages, n),
    CloseDate: new Date(firstDayMs + n * 2 * dayMs).toISOString().slice(0, 10),
    Amount: n % 8 === 7 ? null : (n + 1) * 1000,
    Probability: (n % 5) * 25,
  };
}

function pick<T>(list: readonly T[], n: number): T {
  return list[n % list.length] as T;
}
