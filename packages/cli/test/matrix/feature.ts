import type { Json } from '../fixtures/servers/matrix-io.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import type { Happened, MatrixClient } from './client.ts'

/** One client at one server. */
export interface Cell {
  /** The server's name in its own URIs. */
  readonly server: string
  /** Unique in the run: what a server remembers of one cell concerns no other. */
  readonly ticket: string
  readonly client: MatrixClient
  /** What a tool or prompt of the server is called here. */
  named(name: string): string
  /** The same client where names are the server's own. */
  readonly alone: MatrixClient
  /** The same client with none of its capabilities. */
  readonly unable: MatrixClient
  /** The same client at the twin of the server that may know of roots. */
  readonly rooted: MatrixClient
  /** What a tool of that twin is called here. */
  rootedName(name: string): string
}

/** One row of the matrix. */
export interface Feature {
  readonly id: string
  readonly title: string
  /** Throws when a cell does not have it. */
  check(cell: Cell): Promise<void>
}

/** How long news may take to arrive on a busy machine, milliseconds. */
export const WITHIN_MS = 10_000

/** Every item of a list, page by page. */
export async function all(
  member: string,
  list: (cursor?: string) => Promise<Json>,
): Promise<readonly Json[]> {
  const items: Json[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 20; pages += 1) {
    const page = await list(cursor)
    items.push(...(page[member] as Json[])) // a list by the protocol
    if (page['nextCursor'] === undefined) return items
    cursor = String(page['nextCursor'])
  }
  throw new Error('the list has no end')
}

/** The item whose `member` is `value`; @throws when it is not listed. */
export function pick(items: readonly Json[], member: string, value: string): Json {
  const found = items.find((item) => item[member] === value)
  if (!found)
    throw new Error(`${value} is not among ${items.map((item) => item[member]).join(', ')}`)
  return found
}

/** First text of a call's result. */
export function textOf(result: Json): string {
  const [first] = result['content'] as { text?: string }[] // by the protocol
  return first?.text ?? ''
}

/** What a tool of ours answered as JSON. */
export function dataOf(result: Json): unknown {
  const text = textOf(result)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`not what the tool answers: ${text || JSON.stringify(result)}`)
  }
}

/** Waits for a notification or question whose JSON text holds `part`. */
export function heard(
  what: readonly Happened[],
  method: string,
  part: string,
): Promise<NonNullable<Happened>> {
  return waitUntil(
    `${method} about ${part}; it had ${JSON.stringify(what)}`,
    () => what.find((one) => one.method === method && JSON.stringify(one.params).includes(part)),
    WITHIN_MS,
  )
}
