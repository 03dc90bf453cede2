// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references look like that
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolveReferences } from '../../src/config/secret-ref.ts';

const env = { HOST: 'example', ODD: 'a: b\n# ${HOST}', EMPTY: '' };

test.each([
  ['plain', 'plain', false],
  ['${HOST}', 'example', true],
  ['https://${HOST}.my.salesforce.com/${HOST}', 'https://example.my.salesforce.com/example', true],
  ['${ODD}', 'a: b\n# ${HOST}', true],
  ['[${EMPTY}]', '[]', true],
  ['$${HOST}', '${HOST}', false],
  ['$$${HOST}', '$${HOST}', false],
  ['$HOST costs 5$', '$HOST costs 5$', false],
])('%j becomes %j', (template, text, isFromEnvironment) => {
  expect(resolveReferences(template, env)).toEqual({ text, isFromEnvironment, problems: [] });
});

test('every variable that is not set is named', () => {
  expect(resolveReferences('${ONE}:${HOST}:${TWO}', env).problems).toEqual([
    'the environment variable ONE is not set',
    'the environment variable TWO is not set',
  ]);
});

test.each(['${}', '${A-B}', '${HOST:-default}', '${ HOST }', '${HOST'])(
  '%j is no reference, and is refused instead of being taken as text',
  (template) => {
    expect(resolveReferences(template, env).problems).toEqual([
      expect.stringContaining('expected ${NAME}'),
    ]);
  },
);

test('a name that every object has is not taken for a variable', () => {
  expect(resolveReferences('${constructor}${__proto__}', env).problems).toHaveLength(2);
});

test('any value of a variable arrives as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      expect(resolveReferences('<${X}>', { X: value }).text).toBe(`<${value}>`);
    }),
  );
});
