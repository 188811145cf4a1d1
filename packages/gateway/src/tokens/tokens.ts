import type { IssuerConfig } from '@sallyport/contract/config'
import { MCP_NEEDS } from '@sallyport/contract/mcp-needs'
import { Sealer } from '@sallyport/kit/crypto'
import type { GrantResolver } from '@sallyport/kit/door'
import type { AppError } from '@sallyport/kit/errors'
import { formatAddress } from '@sallyport/kit/http'
import type { Principal } from '@sallyport/kit/principal'
import type { Permission } from '@sallyport/kit/roles'
import {
  createSubjectIds,
  metadataUrl,
  type OwnAddress,
  resourceMetadata,
  scopesFor,
  toChallenge,
  TokenIssuers,
} from '@sallyport/kit/tokens'
import type { RunnableConfig } from '../config/index.ts'
import type { GatewayOptions } from '../start.ts'
import type { State } from '../state.ts'
import { SubjectRegister } from './subject-register.ts'

/** What a client must hold to begin with: the least that makes a session worth having. */
const FIRST_NEED: Permission = MCP_NEEDS['tools/list']

export interface TokensDeps {
  readonly state: Pick<State, 'keys' | 'store'>
  readonly options: Pick<GatewayOptions, 'config' | 'clock' | 'log'>
  readonly grants: GrantResolver
  /** Ends what belongs to a principal whose last token is over. Must not throw. */
  readonly onExpired: (principalId: string) => void
}

/** This gateway as a resource server of the identity providers that its configuration names. */
export class Tokens implements AsyncDisposable {
  /** Judges their tokens at the doors. */
  readonly judge: TokenIssuers
  readonly #grants: GrantResolver
  readonly #register: SubjectRegister
  #config: RunnableConfig
  #listening: string | undefined

  constructor({ state, options, grants, onExpired }: TokensDeps) {
    const { config, clock, log } = options
    this.#config = config
    this.#grants = grants
    const sealer = new Sealer(state.keys, 'subjects')
    this.#register = new SubjectRegister({ store: state.store.subjects, sealer, clock, log })
    this.judge = new TokenIssuers(config.auth.issuers, {
      ...{ clock, log, grants, onExpired },
      own: () => this.#own,
      digestOf: createSubjectIds(state.keys.deriveKey('subjects/pepper')),
      onSeen: (id, issuer, subject) => this.#register.seen(id, issuer, subject),
    })
  }

  /** Takes on another configuration; returns the ids of principals whose issuer is gone or changed. */
  apply(config: RunnableConfig): readonly string[] {
    this.#config = config
    return this.judge.apply(config.auth.issuers)
  }

  /** Notes where the data listener really is, once that is known. @param address `host:port` */
  listensAt(address: string): void {
    this.#listening = address
  }

  /** The metadata at a well-known address, JSON; undefined where nothing is. */
  metadata(path: string): string | undefined {
    return resourceMetadata(path, this.#own, this.#issuers)
  }

  /** How a 401 says how to authenticate: `Bearer` alone while no issuer is configured. */
  challenge(refuse: AppError, path: string): string {
    if (!this.judge.active) return 'Bearer'
    const error = refuse.code === 'credential_missing' ? undefined : 'invalid_token'
    const scopes = scopesFor(FIRST_NEED, this.#issuers, this.#grants)
    return toChallenge({ metadata: metadataUrl(path, this.#own), scopes, error })
  }

  /**
   * How a 403 says which scopes to come back with, those that the token has among them; undefined for other
   * principals, and where no scope would do.
   *
   * @param scope as of an exchange
   */
  stepUp(principal: Principal, need: Permission, scope: string): string | undefined {
    const held = this.judge.standingOf(principal)
    const rules = held && this.#config.auth.issuers[held.issuer]
    if (held === undefined || rules === undefined) return undefined
    const wanted = scopesFor(need, [rules], this.#grants)
    if (wanted.length === 0) return undefined
    const metadata = metadataUrl(pathOfScope(scope), this.#own)
    const scopes = [...new Set([...held.scopes, ...wanted])]
    return toChallenge({ metadata, scopes, error: 'insufficient_scope' })
  }

  /** Resolves once nothing will be written any more about who was seen as this principal. */
  forget(principalId: string): Promise<void> {
    return this.#register.forget(principalId)
  }

  /** Forgets who was erased by another process; returns the ids of these principals. */
  forgetErased(): Promise<readonly string[]> {
    return this.#register.forgetErased()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.judge[Symbol.dispose]()
    await this.#register[Symbol.asyncDispose]()
  }

  get #issuers(): readonly IssuerConfig[] {
    return Object.values(this.#config.auth.issuers)
  }

  get #own(): OwnAddress {
    const { publicUrl, listen } = this.#config
    return { base: publicUrl ?? `http://${this.#listening ?? formatAddress(listen)}` }
  }
}

/** The address of what an exchange may see. */
function pathOfScope(scope: string): string {
  if (scope === '') return '/mcp'
  const endpoint = /^endpoint\/(.+)$/.exec(scope)?.[1]
  return endpoint === undefined ? `/servers/${scope}/mcp` : `/mcp/${endpoint}`
}
