// Which objects and fields the simulated org has. A small, truthful part of a new Salesforce org.

export type FieldType =
  | 'id'
  | 'string'
  | 'email'
  | 'phone'
  | 'url'
  | 'picklist'
  | 'double'
  | 'currency'
  | 'int'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'reference';

export interface FieldDefinition {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly writable: boolean;
  readonly externalId: boolean;
  /** For references: the object pointed at and the name that SOQL follows it by. */
  readonly referenceTo?: string;
  readonly relationshipName?: string;
}

export interface ObjectDefinition {
  readonly name: string;
  readonly labelPlural: string;
  readonly keyPrefix: string;
  readonly writable: boolean;
  /** By name in lower case: Salesforce names are case-insensitive. */
  readonly fields: ReadonlyMap<string, FieldDefinition>;
}

type FieldTraits = Partial<Omit<FieldDefinition, 'name' | 'type'>>;

function field(name: string, type: FieldType, traits: FieldTraits = {}): FieldDefinition {
  return { name, type, required: false, writable: true, externalId: false, ...traits };
}

const systemFields = [
  field('Id', 'id', { writable: false }),
  field('IsDeleted', 'boolean', { writable: false }),
  field('CreatedDate', 'datetime', { writable: false }),
  field('LastModifiedDate', 'datetime', { writable: false }),
  field('SystemModstamp', 'datetime', { writable: false }),
];

const owner = field('OwnerId', 'reference', { referenceTo: 'User', relationshipName: 'Owner' });
const account = field('AccountId', 'reference', {
  referenceTo: 'Account',
  relationshipName: 'Account',
});

function object(
  name: string,
  keyPrefix: string,
  own: FieldDefinition[],
  traits: { labelPlural?: string; writable?: boolean } = {},
): ObjectDefinition {
  const fields = [...systemFields, ...own];
  return {
    name,
    keyPrefix,
    labelPlural: traits.labelPlural ?? `${name}s`,
    writable: traits.writable ?? true,
    fields: new Map(fields.map((one) => [one.name.toLowerCase(), one])),
  };
}

export const objectDefinitions: readonly ObjectDefinition[] = [
  object('Account', '001', [
    field('Name', 'string', { required: true }),
    field('Ext__c', 'string', { externalId: true }),
    field('Industry', 'picklist'),
    field('Type', 'picklist'),
    field('Phone', 'phone'),
    field('Website', 'url'),
    field('BillingCity', 'string'),
    field('BillingCountry', 'string'),
    field('Description', 'string'),
    field('AnnualRevenue', 'currency'),
    field('NumberOfEmployees', 'int'),
    field('Active__c', 'boolean'),
    field('ParentId', 'reference', { referenceTo: 'Account', relationshipName: 'Parent' }),
    owner,
  ]),
  object('Contact', '003', [
    field('Name', 'string', { writable: false }),
    field('FirstName', 'string'),
    field('LastName', 'string', { required: true }),
    field('Email', 'email'),
    field('Phone', 'phone'),
    field('Title', 'string'),
    field('Birthdate', 'date'),
    account,
    owner,
  ]),
  object(
    'Opportunity',
    '006',
    [
      field('Name', 'string', { required: true }),
      field('StageName', 'picklist', { required: true }),
      field('CloseDate', 'date', { required: true }),
      field('Amount', 'currency'),
      field('Probability', 'double'),
      field('IsClosed', 'boolean', { writable: false }),
      field('IsWon', 'boolean', { writable: false }),
      account,
      owner,
    ],
    { labelPlural: 'Opportunities' },
  ),
  object(
    'User',
    '005',
    [
      field('Username', 'string'),
      field('Name', 'string'),
      field('Email', 'email'),
      field('IsActive', 'boolean'),
    ],
    { writable: false },
  ),
  object(
    'Organization',
    '00D',
    [
      field('Name', 'string'),
      field('InstanceName', 'string'),
      field('OrganizationType', 'picklist'),
      field('NamespacePrefix', 'string'),
      field('IsSandbox', 'boolean'),
      field('TrialExpirationDate', 'datetime'),
    ],
    { writable: false },
  ),
];

export function findObject(name: string): ObjectDefinition | undefined {
  const wanted = name.toLowerCase();
  return objectDefinitions.find((one) => one.name.toLowerCase() === wanted);
}

export function findField(object: ObjectDefinition, name: string): FieldDefinition | undefined {
  return object.fields.get(name.toLowerCase());
}
