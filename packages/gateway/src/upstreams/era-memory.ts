import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import type { Era } from '@sallyport/kit/mcp'
import type { EraRecord } from '@sallyport/kit/store'

/** A legacy verdict never fails by itself, so it is doubted after a day. */
const LEGACY_TRUSTED_MS = 24 * 3_600_000

/** Where verdicts are kept between starts; part of the store. */
export interface EraStore {
  readEras(): Promise<readonly EraRecord[]>
  writeEra(record: EraRecord): Promise<void>
}

/** Remembers which era each server was found to speak, so that its next start need not probe. */
export class EraMemory {
  readonly #records = new Map<string, EraRecord>()
  readonly #store: EraStore
  readonly #clock: Clock
  readonly #log: Log

  static async open(store: EraStore, clock: Clock, log: Log): Promise<EraMemory> {
    return new EraMemory(await store.readEras(), { store, clock, log })
  }

  private constructor(
    records: readonly EraRecord[],
    { store, clock, log }: { store: EraStore; clock: Clock; log: Log },
  ) {
    for (const record of records) this.#records.set(record.server, record)
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** Undefined when nothing is known, the server's configuration changed, or a legacy verdict is stale. */
  recall(server: string, fingerprint: string): Era | undefined {
    const record = this.#records.get(server)
    if (record === undefined || record.fingerprint !== fingerprint) return undefined
    const ageMs = this.#clock.nowMs() - record.judgedAtMs
    if (record.era === 'legacy' && (ageMs > LEGACY_TRUSTED_MS || ageMs < 0)) return undefined
    return record.era
  }

  /** Keeps a verdict; one that was only recalled keeps its date. */
  remember(verdict: Omit<EraRecord, 'judgedAtMs'>): void {
    const known = this.#records.get(verdict.server)
    const recalled = this.recall(verdict.server, verdict.fingerprint)
    if (recalled === verdict.era && known?.version === verdict.version) return
    const record = { ...verdict, judgedAtMs: this.#clock.nowMs() }
    this.#records.set(verdict.server, record)
    this.#store.writeEra(record).catch((err: unknown) => {
      this.#log.warn({ server: verdict.server, err }, 'era of server not kept')
    })
  }
}
