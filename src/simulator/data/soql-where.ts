// Which rows a WHERE clause selects. The parser hands the clause over as a flat chain with parenthesis counts; it is turned back into
// tokens and read by a small recursive descent: NOT binds tightest, then AND, then OR. Authority: SOQL reference, "WHERE".

import type { LiteralType, ValueCondition, WhereClause } from '@jetstreamapp/soql-parser-js';
import { ApiError } from './api-error.ts';
import type { FieldValue } from './field-values.ts';
import type { Row } from './records.ts';
import { dateSpan, literalSpan, type TimeSpan } from './soql-dates.ts';
import type { FieldPath } from './soql-fields.ts';

export type Predicate = (row: Row) => boolean;

export interface WhereContext {
  readonly resolve: (path: string) => FieldPath;
  readonly nowMs: number;
}

type Token = '(' | ')' | 'AND' | 'OR' | 'NOT' | ValueCondition;
type Literal = FieldValue | TimeSpan;

export function compileWhere(where: WhereClause | undefined, context: WhereContext): Predicate {
  if (!where) return () => true;
  return readOr(flatten(where), context);
}

function flatten(where: WhereClause): Token[] {
  const tokens: Token[] = [];
  for (
    let node: WhereClause | undefined = where;
    node;
    node = 'right' in node ? node.right : undefined
  ) {
    const { left } = node;
    tokens.push(...repeat('(', left?.openParen));
    if (left && 'operator' in left) {
      if (!('value' in left) || !('field' in left)) throw unsupported('this kind of condition');
      tokens.push(left as ValueCondition, ...repeat(')', left.closeParen));
    }
    if ('operator' in node) tokens.push(node.operator);
  }
  return tokens;
}

function repeat(parenthesis: '(' | ')', times = 0): Token[] {
  return Array.from({ length: times }, () => parenthesis);
}

function readOr(tokens: Token[], context: WhereContext): Predicate {
  const branches = [readAnd(tokens, context)];
  while (tokens[0] === 'OR') {
    tokens.shift();
    branches.push(readAnd(tokens, context));
  }
  return (row) => branches.some((matches) => matches(row));
}

function readAnd(tokens: Token[], context: WhereContext): Predicate {
  const branches = [readNot(tokens, context)];
  while (tokens[0] === 'AND') {
    tokens.shift();
    branches.push(readNot(tokens, context));
  }
  return (row) => branches.every((matches) => matches(row));
}

function readNot(tokens: Token[], context: WhereContext): Predicate {
  const token = tokens.shift();
  if (token === 'NOT') {
    const inner = readNot(tokens, context);
    return (row) => !inner(row);
  }
  if (token === '(') {
    const inner = readOr(tokens, context);
    tokens.shift();
    return inner;
  }
  if (typeof token !== 'object') throw new ApiError(400, 'MALFORMED_QUERY', 'unexpected token');
  return compileCondition(token, context);
}

function compileCondition(condition: ValueCondition, context: WhereContext): Predicate {
  const { field, read } = context.resolve(condition.field);
  const values = [condition.value].flat();
  const types = [condition.literalType].flat();
  const literals = values.map((value, i) =>
    parseLiteral(value, types[i] ?? types[0], context.nowMs),
  );
  if (field.type === 'string' && literals.some((literal) => typeof literal === 'number')) {
    throw new ApiError(
      400,
      'INVALID_FIELD',
      `value of filter criterion for field '${field.name}' must be of type string and should be enclosed in quotes`,
    );
  }
  const [literal = null] = literals;
  const equalsOne = (row: Row) => literals.some((one) => equals(read(row), one));
  switch (condition.operator) {
    case '=':
    case 'IN':
      return equalsOne;
    case '!=':
    case 'NOT IN':
      return (row) => !equalsOne(row);
    case 'LIKE': {
      const pattern = likePattern(String(literal));
      return (row) => pattern.test(String(read(row) ?? ''));
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrdering(condition.operator, read, literal);
    default:
      throw unsupported(`operator ${condition.operator}`);
  }
}

function parseLiteral(value: string, type: LiteralType | undefined, nowMs: number): Literal {
  switch (type) {
    case 'NULL':
      return null;
    case 'BOOLEAN':
      return value.toUpperCase() === 'TRUE';
    case 'INTEGER':
    case 'DECIMAL':
      return Number(value);
    case 'DATE':
    case 'DATETIME':
      return dateSpan(value);
    case 'DATE_LITERAL':
    case 'DATE_N_LITERAL': {
      const span = literalSpan(value, nowMs);
      if (!span) throw unsupported(`date literal ${value}`);
      return span;
    }
    case 'STRING':
      return unquote(value);
    default:
      throw unsupported(`literal ${value}`);
  }
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([^_%])/g, (_, char: string) => escapes[char] ?? char);
}

function equals(actual: FieldValue, literal: Literal): boolean {
  if (isSpan(literal)) {
    const ms = Date.parse(String(actual));
    return ms >= literal.fromMs && ms < literal.toMs;
  }
  if (typeof actual === 'string' && typeof literal === 'string') {
    return actual.toLowerCase() === literal.toLowerCase();
  }
  return actual === literal;
}

function compileOrdering(
  operator: '<' | '<=' | '>' | '>=',
  read: FieldPath['read'],
  literal: Literal,
): Predicate {
  const inclusive = operator.length === 2;
  const isLess = operator.startsWith('<');
  // Of a span, the end that is compared depends on the operator: `> TODAY` starts tomorrow, `>= TODAY` starts today.
  const edge = isSpan(literal) && (isLess === inclusive ? literal.toMs : literal.fromMs);
  return (row) => {
    const actual = read(row);
    if (actual === null || literal === null) return false;
    if (edge !== false) {
      const ms = Date.parse(String(actual));
      return isLess ? ms < edge : ms >= edge;
    }
    const order = compareValues(actual, literal as FieldValue);
    return (inclusive && order === 0) || (isLess ? order < 0 : order > 0);
  };
}

/** The order of ORDER BY and of the comparison operators, among values that are not null. */
export function compareValues(one: FieldValue, other: FieldValue): number {
  if (typeof one === 'string' && typeof other === 'string') {
    const [a, b] = [one.toLowerCase(), other.toLowerCase()];
    return a < b ? -1 : Number(a > b);
  }
  return Number(one) - Number(other);
}

function isSpan(literal: Literal): literal is TimeSpan {
  return typeof literal === 'object' && literal !== null;
}

function likePattern(like: string): RegExp {
  const source = like.replace(/\\[%_]|[%_]|[.*+?^${}()|[\]\\]/g, (part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return part.length === 2 ? part.slice(1) : `\\${part}`;
  });
  return new RegExp(`^${source}$`, 'is');
}

function unsupported(what: string): ApiError {
  return new ApiError(400, 'MALFORMED_QUERY', `the simulated org does not understand ${what}`);
}
