import {
  subjectErase,
  type SecretsRotated,
  type SubjectErased,
  type SubjectEraseInput,
} from '@sallyport/contract/admin'
import {
  Erasure,
  KeyControl,
  LOCAL_ADMIN,
  toSecretsRotated,
  toSubjectErased,
} from '@sallyport/gateway/admin'
import type { State } from '@sallyport/gateway/state'
import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import type { Configuration } from './configuration.ts'
import type { SecretAdministration } from './secret-administration.ts'

/** A store that is open, and what is needed to work with it. */
export interface StoreParts {
  readonly state: State
  readonly config: Configuration['config']
  readonly clock: Clock
  readonly log: Log
}

/**
 * Removes what a store keeps of a person, while nobody else uses it or whoever does notices by itself.
 *
 * @throws {AppError} as `Erasure.erase`; `request_invalid`
 */
export async function eraseSubject(
  { store, keys, log }: Pick<State, 'store' | 'keys'> & { readonly log: Log },
  input: SubjectEraseInput,
): Promise<SubjectErased> {
  const nothing = async (): Promise<void> => undefined
  const erasure = new Erasure({ store, keys, log, flush: nothing, onErased: nothing })
  const wish = { ...subjectErase.parse(input), by: LOCAL_ADMIN.id, requestId: '' }
  return toSubjectErased(await erasure.erase(wish))
}

/** The keys of a store that no gateway of this configuration uses. */
export class StoreSecrets implements SecretAdministration {
  readonly #parts: StoreParts

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  async rotate(): Promise<SecretsRotated> {
    const { state, config, clock, log } = this.#parts
    await using secrets = new KeyControl({ ...state, config: () => config, clock, log })
    return toSecretsRotated(await secrets.rotate({ by: LOCAL_ADMIN.id, requestId: '' }))
  }

  erase(input: SubjectEraseInput): Promise<SubjectErased> {
    const { state, log } = this.#parts
    return eraseSubject({ ...state, log }, input)
  }
}
