import type { CatalogueReader } from './catalogue-reader.ts'
import type { Slot } from './slot.ts'

export interface WarmUpOptions {
  readonly catalogue: CatalogueReader
  slots(): Iterable<Slot>
  /** Opens a session; asked where none is open or starting. */
  open(): Promise<void>
}

/** Sees that the lists of a server are read, with a session that is there or else a new one. */
export async function warmUp({ catalogue, slots, open }: WarmUpOptions): Promise<void> {
  if (catalogue.hasRead) return
  const known = [...slots()]
  if (!known.some((slot) => slot.session !== undefined)) {
    const running = known.find((slot) => slot.starting !== undefined)
    await (running?.starting ?? open())
  }
  if (catalogue.running === undefined && !catalogue.hasRead) {
    const standing = [...slots()].find((slot) => slot.session !== undefined)
    const capabilities = standing?.agreement?.capabilities
    if (standing?.session !== undefined && capabilities !== undefined) {
      await catalogue.readAll(standing.session, capabilities)
    }
  }
  await catalogue.running
}
