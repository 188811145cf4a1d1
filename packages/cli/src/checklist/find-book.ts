import type { ChecklistBook } from '@sallyport/contract/checklist'
import type { GatewayConfigLoad } from '@sallyport/gateway/config'
import { AppError } from '@sallyport/kit/errors'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { pendingOf } from '../pending.ts'
import { readBriefly } from './brief-book.ts'
import { type OpenBook, openBook } from './open-book.ts'

interface BookPlace {
  readonly options: ConfigOptions
  readonly loaded: GatewayConfigLoad
  /** Whether a gateway runs; `hung` where it does, and says nothing. */
  readonly running: boolean | 'hung'
}

/** A book, and what is to be let go of with it. */
export interface FoundBook extends AsyncDisposable {
  readonly book: ChecklistBook | undefined
}

/**
 * The book of a deployment, without changing anything: a store that is not there is not made, and one that a start
 * would migrate is left. Why there is none is told on stderr; the run goes on without it.
 */
export async function findBook(context: Context, place: BookPlace): Promise<FoundBook> {
  const open = (): Promise<OpenBook> => openBook(context, place.options)
  try {
    if (place.running === 'hung') {
      tell(context, 'the gateway that keeps them says nothing')
      return none(undefined)
    }
    if (place.running) {
      const book = await open()
      return { book, [Symbol.asyncDispose]: () => book[Symbol.asyncDispose]() }
    }
    const hindrance = await hindranceOf(place.loaded)
    if (hindrance === undefined) return none(await readBriefly(open))
    tell(context, hindrance)
  } catch (thrown) {
    const { message, code } = AppError.from(thrown)
    if (code === 'internal') throw thrown
    tell(context, message)
  }
  return none(undefined)
}

async function hindranceOf(loaded: GatewayConfigLoad): Promise<string | undefined> {
  if (!loaded.ok) return 'the configuration cannot be run'
  const { isNew, migrations } = await pendingOf(loaded.config.store)
  if (isNew) return 'there is no store yet, which the first start of the gateway makes'
  return migrations.length > 0 ? 'the next start of the gateway migrates its store' : undefined
}

function tell({ terminal }: Context, why: string): void {
  terminal.note(
    `attestations, drills and earlier reports are not known, and this one is not kept: ${why}`,
  )
}

function none(book: ChecklistBook | undefined): FoundBook {
  return { book, [Symbol.asyncDispose]: async () => undefined }
}
