import { pathText, type ConfigPath } from '@sallyport/kit/config'
import type { ConfigDifference } from './config-control.ts'
import { redactDocument } from './shown-config.ts'

/** How many differences are told; two wholly different files have thousands. */
const DIFFERENCES_MAX = 1_000

/** What one document has differently from another, value by value; secrets are not shown. */
export function findDifferences(before: unknown, after: unknown): readonly ConfigDifference[] {
  const found: ConfigDifference[] = []
  compare([], before, after, found)
  return found
}

function compare(
  path: ConfigPath,
  before: unknown,
  after: unknown,
  found: ConfigDifference[],
): void {
  if (found.length >= DIFFERENCES_MAX) return
  const [one, other] = [membersOf(before), membersOf(after)]
  if (one !== undefined && other !== undefined && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...one.keys(), ...other.keys()])) {
      compare([...path, key], one.get(key), other.get(key), found)
    }
    return
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return
  found.push({
    path: pathText(path),
    kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    before: shown(path, before),
    after: shown(path, after),
  })
}

function membersOf(value: unknown): ReadonlyMap<string | number, unknown> | undefined {
  if (Array.isArray(value)) return new Map(value.map((item, at) => [at, item]))
  if (typeof value !== 'object' || value === null) return undefined
  return new Map(Object.entries(value))
}

function shown(path: ConfigPath, value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(redactDocument(value, path.join('.')))
}
