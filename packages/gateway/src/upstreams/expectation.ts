import { asObject } from './session.ts'

const NAME_CHARACTERS_MAX = 60

/**
 * How `actual` differs from what is expected of it, by path and shape: never a value, which may be secret.
 * Undefined when it holds all that is expected. Maps are compared member by member, further members are
 * left alone; lists have as many elements as expected and are compared element by element; all else is
 * equal or differs.
 *
 * @param path how `actual` is called in the sentence
 */
export function findDifference(
  expected: unknown,
  actual: unknown,
  path: string,
): string | undefined {
  if (Array.isArray(expected)) return differInList(expected, actual, path)
  const members = asObject(expected)
  if (members !== undefined) return differInMap(members, actual, path)
  if (Object.is(expected, actual)) return undefined
  if (actual === undefined) return `${path} is missing`
  const [found, wanted] = [shapeOf(actual), shapeOf(expected)]
  return found === wanted
    ? `${path} is another ${found} than expected`
    : `${path} is ${withArticle(found)}, not ${withArticle(wanted)}`
}

function differInMap(
  expected: Readonly<Record<string, unknown>>,
  actual: unknown,
  path: string,
): string | undefined {
  const members = asObject(actual)
  if (members === undefined) return misshapen(actual, 'map', path)
  for (const [name, value] of Object.entries(expected)) {
    const found = Object.hasOwn(members, name) ? members[name] : undefined
    const difference = findDifference(value, found, `${path}.${name.slice(0, NAME_CHARACTERS_MAX)}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function differInList(
  expected: readonly unknown[],
  actual: unknown,
  path: string,
): string | undefined {
  if (!Array.isArray(actual)) return misshapen(actual, 'list', path)
  if (actual.length !== expected.length) {
    return `${path} is a list of ${actual.length}, not of ${expected.length}`
  }
  for (const [index, value] of expected.entries()) {
    const difference = findDifference(value, actual[index], `${path}[${index}]`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function misshapen(actual: unknown, wanted: string, path: string): string {
  if (actual === undefined) return `${path} is missing`
  return `${path} is ${withArticle(shapeOf(actual))}, not a ${wanted}`
}

function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `list of ${value.length}`
  switch (typeof value) {
    case 'string':
      return `text of ${value.length} characters`
    case 'boolean':
      return 'boolean'
    case 'number':
      return 'number'
    default:
      return 'map'
  }
}

function withArticle(shape: string): string {
  return shape === 'null' ? shape : `a ${shape}`
}
