import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { createMac, type DerivedKeys, Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { KeyedOutcome } from '@sallyport/kit/metrics'
import {
  type Claim,
  type Ending,
  KeyedRuns,
  OutcomeKeeper,
  RELEASED,
  UNKNOWN,
} from '@sallyport/kit/once'
import type { OutcomeStore } from '@sallyport/kit/store'
import type { OnceCall, OnceResult, SlackOnce } from './slack-once.ts'

/** How long the outcome of a key is remembered, milliseconds. */
const KEEP_MS = 24 * 60 * 60 * 1_000
/** Keys of one principal. */
const KEYS_MAX = 10_000
/** As the store names who made the call. */
const SERVER = 'slack'

/** What idempotency keys stand on. */
export interface SlackOnceDeps {
  readonly store: OutcomeStore
  readonly keys: DerivedKeys
  readonly clock: Clock
  readonly log: Log
  /** What became of a call with a key; nothing is told of it by default. */
  readonly onDecided?: (outcome: KeyedOutcome) => void
}

/** Idempotency keys of this process; disposing lets what is being written finish. */
export function openSlackOnce(deps: SlackOnceDeps): SlackOnce & AsyncDisposable {
  return new StoredOnce(deps)
}

class StoredOnce implements SlackOnce, AsyncDisposable {
  readonly #keeper: OutcomeKeeper
  readonly #runs: KeyedRuns
  readonly #mac: (bytes: Buffer) => Buffer

  constructor({ store, keys, clock, log, onDecided = () => undefined }: SlackOnceDeps) {
    const sealer = new Sealer(keys, 'once')
    const claimant = randomBytes(12).toString('base64url')
    this.#keeper = new OutcomeKeeper({ store, sealer, clock, log, claimant })
    // No call waits for its client: no tool that writes asks anything.
    const limits = { keepMs: KEEP_MS, perPrincipal: KEYS_MAX, waitingMs: 0 }
    this.#runs = new KeyedRuns({ store, keeper: this.#keeper, clock, limits, onDecided })
    this.#mac = createMac(keys.deriveKey('once/arguments'))
  }

  async run(call: OnceCall, perform: () => Promise<string>): Promise<OnceResult> {
    try {
      return await this.#runs.run<OnceResult>({
        claim: this.#claim(call),
        signal: call.signal,
        resumes: false,
        perform: async () => ({ text: await perform(), replayed: false }),
        endingOf: ({ text }) => ({ kind: 'answer', outcome: 'ok', text: Buffer.from(text) }),
        failed: endingOfFailure,
        replay: ({ text }) => ({ text: text?.toString() ?? lost(), replayed: true }),
      })
    } catch (thrown) {
      throw inSlackTerms(AppError.from(thrown))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]()
  }

  #claim({ holder, principal, tool, key, args }: OnceCall): Claim {
    const keyHash = hash('sha256', JSON.stringify([holder, SERVER, tool, key]), 'hex')
    const argumentsMac = this.#mac(Buffer.from(args)).toString('hex')
    return { id: keyHash, key: { principal, server: SERVER, tool, keyHash }, argumentsMac }
  }
}

function endingOfFailure({ outcome }: AppError): Ending {
  return outcome === 'not_sent' ? RELEASED : UNKNOWN
}

/** What nobody knows is Slack's doing or not, whoever asks again. */
function inSlackTerms(error: AppError): AppError {
  if (error.code !== 'outcome_unknown') return error
  return new AppError(
    'slack_outcome_unknown',
    'an earlier call with this idempotency key ended without a known outcome; look at Slack for what it did before calling with a new key',
    { cause: error, outcome: 'unknown' },
  )
}

/** Its text does not open any more, as after a master key was lost. */
function lost(): never {
  throw new AppError(
    'slack_outcome_unknown',
    'an earlier call with this idempotency key succeeded, and its answer cannot be read any more; look at Slack for what it did',
    { outcome: 'unknown' },
  )
}
