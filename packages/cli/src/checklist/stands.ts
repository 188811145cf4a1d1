import { STANDS_MS } from '@sallyport/contract/checklist'

/**
 * The longest that an attestation of an item, or of an answer that items take, stands, milliseconds; of several
 * items the strictest counts. Undefined for an id that nothing has. The catalogue is loaded only now.
 */
export async function standsMs(id: string): Promise<number | undefined> {
  const { ANSWERS, ITEMS } = await import('@sallyport/checklist')
  const item = ITEMS.find((one) => one.id === id)
  if (item !== undefined) return STANDS_MS[item.cadence]
  if (!ANSWERS.has(id)) return undefined
  const takers = ITEMS.filter(({ answers }) => answers.includes(id))
  if (takers.length === 0) return STANDS_MS.quarter
  return Math.min(...takers.map(({ cadence }) => STANDS_MS[cadence]))
}
