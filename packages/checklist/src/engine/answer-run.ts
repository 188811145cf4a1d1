import { type Attestation, REPORT_LIMITS } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Answer, Finding, Probe } from '../answers/answer.ts'
import { notApplicable, unproved } from '../answers/answer.ts'
import type { Deployment } from '../deployment.ts'
import { judgeDrill } from './judge-drill.ts'
import { type Answered, NOBODY, withAttestation } from './answered.ts'
import type { Redactor } from './redact.ts'

const DEADLINE_MS = 10_000

interface AnswerRunDeps {
  readonly deployment: Deployment
  readonly answers: ReadonlyMap<string, Answer>
  readonly attestations: readonly Attestation[]
  readonly redactor: Redactor
}

/** Finds the answers of one run, each once however many items take it. */
export class AnswerRun {
  readonly #deployment: Deployment
  readonly #answers: ReadonlyMap<string, Answer>
  readonly #attestations: readonly Attestation[]
  readonly #redactor: Redactor
  readonly #found = new Map<string, Promise<Answered>>()

  constructor({ deployment, answers, attestations, redactor }: AnswerRunDeps) {
    this.#deployment = deployment
    this.#answers = answers
    this.#attestations = attestations
    this.#redactor = redactor
  }

  /**
   * What goes wrong while looking leaves the answer unproved.
   *
   * @throws the signal's own reason; {RangeError} for an id that no answer has
   */
  find(id: string, signal: AbortSignal): Promise<Answered> {
    const known = this.#found.get(id)
    if (known !== undefined) return known
    const answer = this.#answers.get(id)
    if (answer === undefined) throw new RangeError(`no answer is named ${id}`)
    const finding = this.#look(answer, signal).then((found) => this.#keep(answer, found))
    const attested = finding.then((found) => this.#attested(id, found))
    this.#found.set(id, attested)
    return attested
  }

  async #look(answer: Answer, signal: AbortSignal): Promise<Finding> {
    const reason = answer.exempt?.(this.#deployment)
    if (reason !== undefined) return notApplicable(reason)
    if (answer.kind === 'probe') return this.#probe(answer, signal)
    if (answer.kind === 'drill') return judgeDrill(this.#deployment, answer.drill)
    if (answer.kind === 'enforced') return enforced(this.#deployment, answer.claims)
    if (answer.kind === 'awaits') return unproved('reason', 'this version cannot tell yet')
    return unproved('attestation', NOBODY)
  }

  #attested(id: string, found: Answered): Answered {
    const attestation = this.#attestations.find(({ item }) => item === id)
    return attestation === undefined
      ? found
      : withAttestation(found, attestation, this.#deployment.clock.nowMs())
  }

  async #probe(probe: Probe, run: AbortSignal): Promise<Finding> {
    const deadlineMs = probe.deadlineMs ?? DEADLINE_MS
    const own = AbortSignal.timeout(deadlineMs)
    const signal = AbortSignal.any([run, own])
    using end = endOf(signal)
    try {
      return unempty(await Promise.race([probe.look(this.#deployment, signal), end.reached]))
    } catch (thrown) {
      run.throwIfAborted()
      if (own.aborted) return unproved('reason', `it took longer than ${deadlineMs} ms to look`)
      return unproved('reason', `looking failed: ${AppError.from(thrown).message}`)
    }
  }

  #keep(answer: Answer, found: Finding): Answered {
    const at = new Date(this.#deployment.clock.nowMs()).toISOString()
    const bad = found.state === 'failed' || found.state === 'unproved'
    const own = 'remedy' in answer ? answer.remedy : null
    return {
      state: found.state,
      evidence: found.evidence
        .slice(0, REPORT_LIMITS.evidence)
        .map(({ kind, text }) => ({ kind, text: this.#clean(text), at })),
      remedy: bad ? this.#cleaned(found.remedy ?? own) : null,
      ...(answer.kind === 'awaits' && found.state === 'unproved' && { awaits: answer.part }),
    }
  }

  #cleaned(text: string | null): string | null {
    return text === null ? null : this.#clean(text)
  }

  #clean(text: string): string {
    // Control characters go first: a secret that they part would be whole again without them.
    const line = printable(text, Math.max(text.length, 1))
    return printable(this.#redactor.clean(line), REPORT_LIMITS.textChars)
  }
}

function enforced({ gateway }: Deployment, claims: readonly string[]): Finding {
  if (gateway === undefined) {
    return unproved('gateway', 'no gateway runs here that could be asked for its version')
  }
  const text = `version ${gateway.version} keeps this by itself: ${claims.join(', ')}`
  return { state: 'proved', evidence: [{ kind: 'claim', text }] }
}

/** What looked at nothing has proved nothing. */
function unempty(found: Finding): Finding {
  if (found.state !== 'proved' || found.evidence.length > 0) return found
  return unproved('reason', 'nothing was there that could be looked at')
}

/** Rejects once a signal aborts; dispose takes the listener away. */
function endOf(signal: AbortSignal): Disposable & { readonly reached: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined) // nobody waits for it where the look was over first
  const onAbort = () => reject(signal.reason as Error) // a signal aborts with an error
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    reached: promise,
    [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort),
  }
}
