import { isMap, parseDocument } from 'yaml'
import type { Environment } from './environment.ts'
import { blankComments } from './json-comments.ts'
import { readFileText } from './read-file.ts'
import { ownReference, resolveReferences } from './references.ts'

const FILE_BYTES_MAX = 1_048_576

/**
 * The text of one key at the top of a file, as far as it can be read: whatever else is wrong with the file is
 * no matter here. For finding what runs on a file that somebody has just broken.
 */
export function readTextKey(file: string, key: string, env: Environment): string | undefined {
  const reading = readFileText(file, FILE_BYTES_MAX)
  if (!('text' in reading)) return undefined
  const value = valueOf(/\.jsonc?$/i.test(file) ? blankComments(reading.text) : reading.text, key)
  if (value === undefined) return undefined
  const place = { file, line: 0, column: 0 }
  const node = { kind: 'scalar', value, referenced: false, place, path: [key] } as const
  let unresolved = false
  const report = (): void => void (unresolved = true)
  const found = resolveReferences(node, { dialect: ownReference, env, folder: '.', report })
  const text = found.kind === 'scalar' ? found.value : undefined
  return unresolved || typeof text !== 'string' ? undefined : text
}

function valueOf(text: string, key: string): string | undefined {
  try {
    // The parser goes on after a fault, so that keys before and mostly after it are there.
    const { contents } = parseDocument(text, { prettyErrors: false, merge: false })
    const value = isMap(contents) ? contents.get(key) : undefined
    return typeof value === 'string' ? value : undefined
  } catch (thrown) {
    // Nested thousands deep: such a text has no key that could be read.
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}
