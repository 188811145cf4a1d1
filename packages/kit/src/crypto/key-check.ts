import type { MasterKeys } from './master-keys.ts'
import { Sealer } from './sealer.ts'

const PURPOSE = 'key-check'
const CONSTANT = Buffer.from('sallyport')

/** A small sealed constant to keep beside sealed data, which tells a wrong master key at start. */
export function createKeyCheck(keys: MasterKeys): string {
  return new Sealer(keys, PURPOSE).seal(CONSTANT, PURPOSE)
}

/** `outdated`: only the previous master key fits; write a new check once everything is sealed anew. */
export type KeyCheckVerdict = 'ok' | 'outdated' | 'wrong'

/** Judges the master keys by a value of `createKeyCheck`. */
export function judgeKeyCheck(keys: MasterKeys, check: string): KeyCheckVerdict {
  const sealer = new Sealer(keys, PURPOSE)
  if (sealer.open(check, PURPOSE)?.equals(CONSTANT) !== true) return 'wrong'
  return sealer.isCurrent(check, PURPOSE) ? 'ok' : 'outdated'
}
