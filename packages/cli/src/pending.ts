import { pendingMigrations } from '@sallyport/kit/store'

/** What a start would change in a store. */
export interface Pending {
  /** There is no store yet, or an empty one: a start makes it. */
  readonly isNew: boolean
  readonly migrations: readonly { readonly text: string; readonly name: string }[]
}

/**
 * Reads what a start would migrate; changes nothing.
 *
 * @throws {AppError} `store_newer`, `store_unwritable`, `config_invalid`
 */
export async function pendingOf(store: string): Promise<Pending> {
  const pending = await pendingMigrations(store)
  return {
    isNew: pending[0]?.id === 1,
    migrations: pending.map(({ name, long, destructive }) => {
      const marks = [long ? 'long' : '', destructive ? 'destructive' : ''].filter(Boolean)
      return { name, text: marks.length > 0 ? `${name} (${marks.join(', ')})` : name }
    }),
  }
}
