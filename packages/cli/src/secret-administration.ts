import {
  secretsRotated,
  subjectErased,
  type SecretsRotated,
  type SubjectErased,
  type SubjectEraseInput,
} from '@sallyport/contract/admin'
import type { SocketClient } from './socket-client.ts'

/** Everything that is sealed and kept is read and written. */
const ROTATE_MS = 15 * 60_000
const ERASE_MS = 90_000

/** What an administrator of this machine can do to the keys of a store and to whom it knows. */
export interface SecretAdministration {
  /** @throws {AppError} `conflict` while another rotation runs */
  rotate(): Promise<SecretsRotated>
  /** @throws {AppError} `not_found`; `conflict` for the name of several and for the last admin */
  erase(input: SubjectEraseInput): Promise<SubjectErased>
}

/** The keys of a running gateway, over its local socket. */
export class SocketSecrets implements SecretAdministration {
  readonly #client: SocketClient

  constructor(client: SocketClient) {
    this.#client = client
  }

  rotate(): Promise<SecretsRotated> {
    const asked = { method: 'POST', url: '/api/v1/secrets/rotate' } as const
    return this.#client.ask(secretsRotated, asked, ROTATE_MS)
  }

  erase(input: SubjectEraseInput): Promise<SubjectErased> {
    const asked = { method: 'POST', url: '/api/v1/subjects/erase', body: input } as const
    return this.#client.ask(subjectErased, asked, ERASE_MS)
  }
}
