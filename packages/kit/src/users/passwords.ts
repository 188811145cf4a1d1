import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Gate } from './gate.ts'

/** What one hash costs: 128 * 2^log2n * r bytes of memory, and p times the work. */
export interface PasswordCost {
  readonly log2n: number
  readonly r: number
  readonly p: number
}

/** 32 MiB and about a quarter of a second. Source: OWASP Password Storage Cheat Sheet, "scrypt". */
export const PASSWORD_COST: PasswordCost = { log2n: 15, r: 8, p: 3 }

/** `outdated`: right, and hashed at another cost than is asked for now. */
export type PasswordVerdict = 'right' | 'outdated' | 'wrong'

const SALT_BYTES = 16
const HASH_BYTES = 32
const AT_ONCE = 2
const WAITING_MAX = 32
/** Of what a store may ask for: somebody who can write it must not be able to take all memory. */
const COST_MAX: PasswordCost = { log2n: 18, r: 16, p: 8 }
const STORED = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

interface Stored {
  readonly cost: PasswordCost
  readonly salt: Buffer
  readonly hash: Buffer
}

/**
 * Hashes and checks passwords with scrypt, at most two at once. A check takes as long for nobody as for
 * somebody, so that its time does not tell whether there is such a user.
 *
 * Source: RFC 7914; OWASP ASVS 5.0, 11.4.2.
 */
export class Passwords {
  readonly #cost: PasswordCost
  readonly #gate: Gate
  /** Stands for the password of nobody. */
  readonly #nobody: Stored

  constructor(cost: PasswordCost = PASSWORD_COST) {
    this.#cost = cost
    this.#gate = new Gate(AT_ONCE, WAITING_MAX)
    this.#nobody = { cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }
  }

  /**
   * The text that is kept: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`.
   *
   * @throws {AppError} `overloaded`
   */
  async hash(password: string, signal: AbortSignal): Promise<string> {
    const { log2n, r, p } = this.#cost
    const salt = randomBytes(SALT_BYTES)
    const digest = await this.#derive(password, { cost: this.#cost, salt }, signal)
    const parts = [log2n, r, p, salt.toString('base64url'), digest.toString('base64url')]
    return `scrypt$${parts.join('$')}`
  }

  /**
   * @param kept as `hash` gave it; undefined or anything else takes the same time and is wrong
   * @throws {AppError} `overloaded`
   */
  async verify(
    password: string,
    kept: string | undefined,
    signal: AbortSignal,
  ): Promise<PasswordVerdict> {
    const known = kept === undefined ? undefined : parseStored(kept)
    const stored = known ?? this.#nobody
    const digest = await this.#derive(password, stored, signal)
    const isRight = timingSafeEqual(digest, stored.hash) && known !== undefined
    if (!isRight) return 'wrong'
    return isSameCost(stored.cost, this.#cost) ? 'right' : 'outdated'
  }

  #derive(
    password: string,
    { cost, salt }: Pick<Stored, 'cost' | 'salt'>,
    signal: AbortSignal,
  ): Promise<Buffer> {
    return this.#gate.run(() => derive(password.normalize('NFKC'), salt, cost), signal)
  }
}

function derive(password: string, salt: Buffer, { log2n, r, p }: PasswordCost): Promise<Buffer> {
  const cost = 2 ** log2n
  // Half as much again as is needed, and a bit: Node refuses at the very number.
  const options = { cost, blockSize: r, parallelization: p, maxmem: 2 ** 20 + 192 * r * (cost + p) }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, digest) => {
      if (error) reject(error)
      else resolve(digest)
    })
  })
}

function parseStored(kept: string): Stored | undefined {
  const [, log2n, r, p, salt = '', hash = ''] = STORED.exec(kept) ?? []
  const cost = { log2n: Number(log2n), r: Number(r), p: Number(p) }
  const isSane = (key: keyof PasswordCost): boolean => cost[key] >= 1 && cost[key] <= COST_MAX[key]
  if (!isSane('log2n') || !isSane('r') || !isSane('p')) return undefined
  return { cost, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') }
}

function isSameCost(a: PasswordCost, b: PasswordCost): boolean {
  return a.log2n === b.log2n && a.r === b.r && a.p === b.p
}
