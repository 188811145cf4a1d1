import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '@sallyport/kit/clock'
import {
  newRingKey,
  type RingContent,
  Sealer,
  withFirst,
  withKey,
  withoutRetired,
} from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Resealed, RingStore, SealedRowStore } from '@sallyport/kit/store'

/** What is sealed says which key by one byte, and every key of a process costs a derivation per purpose. */
const KEYS_MAX = 16

/** What was done about the key that data are sealed with. */
export interface DataRotation {
  /** Of the key that seals now: eight hexadecimal digits, no secret. */
  readonly id: string
  /** Of the one that did before. */
  readonly former: string
  /** Of keys that nothing needs any more, and that are gone. */
  readonly dropped: readonly string[]
  /** Keys that open, the one that seals among them. */
  readonly keys: number
  readonly rows: readonly Resealed[]
}

export interface DataRotationDeps {
  readonly ring: RingStore
  readonly sealed: SealedRowStore
  readonly clock: Clock
  readonly log: Log
  /** How long other processes may take to learn of a key, milliseconds. */
  readonly learnMs: number
  /** How long what a retired key sealed may be presented, milliseconds. */
  readonly retiredMs: number
}

/**
 * Seals with another key from now on. No process seals with it before all of them know it, and what was sealed
 * before opens until it is over by itself; what is kept for longer is sealed again.
 *
 * @throws {AppError} `conflict`, `store_unwritable`; the signal's own reason
 */
export async function rotateDataKey(
  deps: DataRotationDeps,
  signal: AbortSignal,
): Promise<DataRotation> {
  const { ring, clock, log, learnMs } = deps
  if (ring.keys.content.keys.length >= KEYS_MAX) await settle(deps, signal)
  const former = ring.keys.content.keys[0].id
  const id = await addKey(deps)
  log.info({ keyId: id }, 'a new key opens what is sealed')
  await wait(learnMs, undefined, { signal })
  await ring.save(withFirst(ring.keys.content, id, clock.nowMs()))
  log.info({ keyId: id, former }, 'the new key seals')
  // Others may seal with the former one for a moment.
  await wait(learnMs, undefined, { signal })
  return { id, former, ...(await settle(deps, signal)) }
}

/** Seals what is kept with the key that seals, then drops the keys that nothing needs any more. */
async function settle(
  { ring, sealed, clock, log, retiredMs }: DataRotationDeps,
  signal: AbortSignal,
): Promise<Pick<DataRotation, 'dropped' | 'keys' | 'rows'>> {
  const rows = await sealed.reseal((purpose) => new Sealer(ring.keys, purpose), signal)
  log.info({ rows: countOf(rows) }, 'what is kept is sealed with the new key')
  const before = ring.keys.content
  const after = withoutRetired(before, clock.nowMs() - retiredMs)
  const dropped = idsOf(before).filter((known) => !idsOf(after).includes(known))
  if (dropped.length > 0) await ring.save(after)
  return { dropped, keys: after.keys.length, rows }
}

/** The new key, which opens and does not seal. One that a rotation left that was cut off is taken. */
async function addKey({ ring, clock }: DataRotationDeps): Promise<string> {
  const { content } = ring.keys
  const [, ...others] = content.keys
  const left = others.find(({ retiredAtMs }) => retiredAtMs === null)
  if (left !== undefined) return left.id
  if (content.keys.length >= KEYS_MAX) {
    throw new AppError(
      'conflict',
      `${KEYS_MAX} keys still open what clients hold; rotate again once the oldest is over, at most a month after it was retired`,
    )
  }
  const key = newRingKey(clock.nowMs())
  await ring.save(withKey(content, key))
  return key.id
}

function idsOf({ keys }: RingContent): string[] {
  return keys.map(({ id }) => id)
}

function countOf(rows: readonly Resealed[]): number {
  return rows.reduce((sum, { resealed }) => sum + resealed, 0)
}
