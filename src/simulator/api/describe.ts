// What the org says about its objects: the describe calls. Relative URLs, except the two UI templates, which Salesforce gives absolute.
// Authority: REST API Developer Guide, "sObject Describe"; salesforce-facts.md section 5.

import {
  type FieldDefinition,
  type FieldType,
  type ObjectDefinition,
  objectDefinitions,
} from '../data/schema.ts';

export function describeGlobal(version: string): Record<string, unknown> {
  return {
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: objectDefinitions.map((object) => objectSummary(object, version)),
  };
}

export function objectSummary(object: ObjectDefinition, version: string): Record<string, unknown> {
  const { name, labelPlural, keyPrefix, writable } = object;
  const url = `/services/data/v${version}/sobjects/${name}`;
  return {
    activateable: false,
    createable: writable,
    custom: false,
    customSetting: false,
    deletable: writable,
    deprecatedAndHidden: false,
    feedEnabled: false,
    keyPrefix,
    label: name,
    labelPlural,
    layoutable: true,
    mergeable: false,
    name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: writable,
    updateable: writable,
    urls: { sobject: url, describe: `${url}/describe`, rowTemplate: `${url}/{ID}` },
  };
}

export function describeObject(
  object: ObjectDefinition,
  version: string,
  instanceUrl: string,
): Record<string, unknown> {
  const summary = objectSummary(object, version);
  return {
    ...summary,
    urls: {
      ...(summary.urls as Record<string, string>),
      uiDetailTemplate: `${instanceUrl}/{ID}`,
      uiEditTemplate: `${instanceUrl}/{ID}/e`,
      uiNewRecord: `${instanceUrl}/${object.keyPrefix}/e`,
    },
    childRelationships: [],
    recordTypeInfos: [],
    fields: [...object.fields.values()].map(describeField),
  };
}

function describeField(field: FieldDefinition): Record<string, unknown> {
  const isText = ['string', 'email', 'phone', 'url', 'picklist'].includes(field.type);
  return {
    name: field.name,
    label: field.name,
    type: field.type,
    soapType: soapTypes[field.type] ?? 'xsd:string',
    length: isText ? 255 : 0,
    custom: field.name.endsWith('__c'),
    createable: field.writable,
    updateable: field.writable,
    nillable: !field.required,
    defaultedOnCreate: field.type === 'boolean',
    externalId: field.externalId,
    idLookup: field.externalId || field.type === 'id',
    unique: false,
    filterable: true,
    sortable: true,
    picklistValues: [],
    referenceTo: field.referenceTo ? [field.referenceTo] : [],
    relationshipName: field.relationshipName ?? null,
  };
}

const soapTypes: Partial<Record<FieldType, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  double: 'xsd:double',
  currency: 'xsd:double',
  int: 'xsd:int',
};
