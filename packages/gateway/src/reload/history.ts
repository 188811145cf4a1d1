import { createHash } from 'node:crypto'
import { writeYaml } from '@sallyport/kit/config'
import type { Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { GenerationRecord, GenerationStore } from '@sallyport/kit/store'
import type { Generation } from './config-control.ts'
import { redactDocument } from './shown-config.ts'

const KEPT_MAX = 50
const PURPOSE = 'config-generation'

export interface HistoryDeps {
  readonly store: GenerationStore
  readonly sealer: Sealer
}

/** A configuration that came into force. `text`: what was read, references as they are written. */
export type Arrival = Pick<GenerationRecord, 'atMs' | 'cause' | 'by' | 'file'> & {
  readonly text: string
}

/**
 * The last 50 configurations that were in force. Their text is sealed: it holds references instead of
 * secrets, but nobody keeps an author from writing a secret into the file itself.
 */
export class History {
  readonly #deps: HistoryDeps
  #current = 0

  constructor(deps: HistoryDeps) {
    this.#deps = deps
  }

  /** The generation in force; 0 before the first was kept. */
  get current(): number {
    return this.#current
  }

  /**
   * Takes note of the configuration that a start came with; the same as before is the same generation.
   *
   * @throws {AppError} `store_unwritable`
   */
  async begin(arrival: Arrival): Promise<void> {
    const [newest] = await this.#deps.store.list()
    if (newest?.digest === digestOf(arrival.text) && newest.file === arrival.file) {
      this.#current = newest.id
    } else {
      await this.add(arrival)
    }
  }

  /** @throws {AppError} `store_unwritable` */
  async add({ text, ...rest }: Arrival): Promise<void> {
    const { store, sealer } = this.#deps
    const body = Buffer.from(sealer.seal(Buffer.from(text), PURPOSE))
    this.#current = await store.add({ ...rest, digest: digestOf(text), body }, KEPT_MAX)
  }

  /** Newest first. */
  async list(): Promise<readonly Generation[]> {
    const records = await this.#deps.store.list()
    return records.map((record) => {
      return { ...record, current: record.id === this.#current, of: originOf(record, records) }
    })
  }

  /**
   * The generation before what is in force; undefined when there is none. Of what a rollback brought back that
   * is the one before the original: going back twice goes back two steps.
   */
  async before(): Promise<number | undefined> {
    const records = await this.#deps.store.list()
    const current = records.find(({ id }) => id === this.#current)
    if (current === undefined) return undefined
    const from = originOf(current, records) ?? current.id
    return records.find(({ id, cause, digest }) => {
      return id < from && cause !== 'rollback' && digest !== current.digest
    })?.id
  }

  /**
   * What a generation was read from.
   *
   * @throws {AppError} `not_found`; `master_key_wrong` when it was sealed with another key
   */
  async text(id: number): Promise<{ readonly text: string; readonly file: string }> {
    const record = await this.#deps.store.get(id)
    if (record === undefined) {
      const remedy = '`sallyport config history` lists those there are'
      throw new AppError('not_found', `there is no generation ${id}; ${remedy}`)
    }
    const plain = this.#deps.sealer.open(record.body.toString(), PURPOSE)
    if (plain === undefined) {
      throw new AppError('master_key_wrong', `generation ${id} was kept under another master key`)
    }
    return { text: plain.toString(), file: record.file }
  }

  /** The same as YAML, literal secrets redacted. @throws {AppError} as `text` */
  async show(id: number): Promise<string> {
    const { text } = await this.text(id)
    return writeYaml(redactDocument(JSON.parse(text)))
  }
}

type Known = Omit<GenerationRecord, 'body'>

/** Which generation a rollback brought back; null for what no rollback brought, or where that is forgotten. */
function originOf({ id, cause, digest }: Known, records: readonly Known[]): number | null {
  if (cause !== 'rollback') return null
  const original = records.find(
    (one) => one.id < id && one.cause !== 'rollback' && one.digest === digest,
  )
  return original?.id ?? null
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
