import { createHash } from 'node:crypto'
import type { Item } from './item.ts'

/** One of a server's lists as last read. */
export interface Listed<One extends Item> {
  readonly items: readonly One[]
  readonly byName: ReadonlyMap<string, One>
  /** Wall clock of the reading, milliseconds; undefined = never read. */
  readonly readAtMs: number | undefined
  /** The last reading came back empty where it was not before; the former entries are kept. */
  readonly shrunk: boolean
  /** Read by this process, not only remembered from an earlier one. */
  readonly fresh: boolean
  /** Tells two readings apart. */
  readonly digest: string
  /** All entries in the server's bytes: `{"<kind>":[...]}`. */
  readonly page: Buffer
}

/** A list before its first reading. */
export const NEVER_READ: Listed<never> = {
  items: [],
  byName: new Map<string, never>(),
  readAtMs: undefined,
  shrunk: false,
  fresh: false,
  digest: '',
  page: Buffer.alloc(0),
}

/** The same for the same entries, however a server orders and pages them and whatever stamps it adds. */
export function digestOf(items: readonly Item[]): string {
  const hash = createHash('sha256')
  for (const { bytes } of items.toSorted((a, b) => (a.name < b.name ? -1 : 1))) hash.update(bytes)
  return hash.digest('hex')
}

/** Whether a name that is not listed does not exist: before a fresh reading the server may have gained it. */
export function isSettled({ fresh, shrunk }: Listed<Item>): boolean {
  return fresh && !shrunk
}

/** The entries that one of two readings has and the other has not, or has otherwise. */
export function touchedItems(
  before: Listed<Item>,
  after: Pick<Listed<Item>, 'items' | 'byName'>,
): Item[] {
  const gone = before.items.filter((item) => !hasSame(after, item))
  return [...gone, ...after.items.filter((item) => !hasSame(before, item))]
}

function hasSame({ byName }: Pick<Listed<Item>, 'byName'>, { name, bytes }: Item): boolean {
  return byName.get(name)?.bytes.equals(bytes) === true
}
