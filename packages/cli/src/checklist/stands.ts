import { STANDS_MS } from '@sallyport/contract/checklist'

/**
 * The longest that an attestation of an item, or of an answer that items take, stands, milliseconds; of several
 * items the strictest counts. Undefined for an id that nothing has. The catalogue is loaded only now, and nothing
 * that looks at a deployment.
 */
export async function standsMs(id: string): Promise<number | undefined> {
  const { ITEMS } = await import('@sallyport/checklist/catalogue')
  const meant = ITEMS.filter((item) => item.id === id || item.answers.includes(id))
  if (meant.length === 0) return undefined
  return Math.min(...meant.map(({ cadence }) => STANDS_MS[cadence]))
}
