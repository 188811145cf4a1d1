import type { Phase } from '@sallyport/contract/checklist'
import { suggest } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Item } from '../catalogue/item.ts'

const PATTERNS_MAX = 99
const SHOWN_CHARACTERS = 128
const NEAR_MAX = 3

/** What a run is confined to. */
export interface Selection {
  /** Ids of items or answers; `*` stands for any characters. None = all. */
  readonly only: readonly string[]
  readonly phase?: Phase | undefined
}

/**
 * The items of a selection, in their order.
 *
 * @throws {AppError} `usage`, with near misses, for a pattern that nothing fits, and for a selection of nothing
 */
export function selectItems(items: readonly Item[], { only, phase }: Selection): readonly Item[] {
  if (only.length > PATTERNS_MAX) {
    throw new AppError('usage', `--only may be given ${PATTERNS_MAX} times at most`)
  }
  const fits = only.map((pattern) => ({ pattern, test: matcherOf(pattern) }))
  for (const { pattern, test } of fits) {
    if (!items.some((item) => idsOf(item).some(test))) throw nothingFits(pattern, items)
  }
  const chosen = items.filter(
    (item) => fits.length === 0 || fits.some(({ test }) => idsOf(item).some(test)),
  )
  const due = phase === undefined ? chosen : chosen.filter((item) => item.phase === phase)
  if (due.length > 0 || items.length === 0) return due
  throw new AppError('usage', `nothing that was named by --only is of the phase ${phase}`)
}

/** What the report says it was confined to; undefined where it was not. */
export function confinedTo({ only, phase }: Selection): string[] | undefined {
  const parts = [...only, ...(phase === undefined ? [] : [`phase ${phase}`])]
  return parts.length === 0 ? undefined : parts
}

function idsOf({ id, answers }: Item): readonly string[] {
  return [id, ...answers]
}

/** Written out by hand: an expression made of what was typed could take for ever. */
function matcherOf(pattern: string): (id: string) => boolean {
  const parts = pattern.split('*')
  const [first = '', ...others] = parts
  const last = others.pop()
  if (last === undefined) return (id) => id === pattern
  return (id) => {
    if (!id.startsWith(first)) return false
    let at = first.length
    for (const part of others) {
      const found = id.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return id.length - at >= last.length && id.endsWith(last)
  }
}

function nothingFits(pattern: string, items: readonly Item[]): AppError {
  const shown = printable(pattern, SHOWN_CHARACTERS)
  const near = nearOf(pattern, items)
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => `\`${id}\``).join(' or ')}?`
      : 'ids are like `hangar/security/tls` or `redis/password`, and `*` stands for any characters'
  return new AppError('usage', `--only ${shown}: no item and no answer is named so; ${hint}`)
}

/** Ids that were probably meant: misspelt ones, those that end so, and what lies below a name. */
export function nearOf(pattern: string, items: readonly Item[]): string[] {
  const ids = [...new Set(items.flatMap(idsOf))]
  const word = pattern.replaceAll('*', '')
  if (word === '') return []
  const below = ids.some((id) => id.startsWith(`${word}/`)) ? [`${word}/*`] : []
  const misspelt = suggest(word, ids)
  const parts = ids.filter((id) => id.endsWith(`/${word}`) || id.includes(word))
  const all = [...below, ...(misspelt === undefined ? [] : [misspelt]), ...parts]
  return [...new Set(all)].slice(0, NEAR_MAX)
}
