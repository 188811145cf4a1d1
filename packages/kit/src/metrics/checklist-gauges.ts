import { Gauge, type Registry } from 'prom-client'

/** The most items that are shown. */
const ITEMS_MAX = 2_000

/** A report of the checklist, as far as it is shown. */
export interface ChecklistReading {
  readonly items: readonly { readonly id: string; readonly state: string }[]
  /** Items by their state. */
  readonly summary: Readonly<Record<string, number>>
  readonly endedAtMs: number
}

/** What the newest report says; nothing before the first. */
export class ChecklistGauges {
  readonly #item: Gauge<'item' | 'state'>
  readonly #items: Gauge<'state'>
  readonly #lastRun: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    this.#item = new Gauge({
      name: 'sallyport_checklist_item',
      help: 'Always 1; the label says in which state an item of the checklist is.',
      labelNames: ['item', 'state'],
      registers,
    })
    this.#items = new Gauge({
      name: 'sallyport_checklist_items',
      help: 'Items of the checklist by their state.',
      labelNames: ['state'],
      registers,
    })
    this.#lastRun = new Gauge({
      name: 'sallyport_checklist_last_run_timestamp_seconds',
      help: 'When the checklist was last run as a whole.',
      registers,
    })
  }

  /** Shows this one in place of the one before. */
  show({ items, summary, endedAtMs }: ChecklistReading): void {
    this.#item.reset()
    for (const { id, state } of items.slice(0, ITEMS_MAX)) this.#item.set({ item: id, state }, 1)
    this.#items.reset()
    for (const [state, count] of Object.entries(summary)) this.#items.set({ state }, count)
    this.#lastRun.set(endedAtMs / 1_000)
  }
}
