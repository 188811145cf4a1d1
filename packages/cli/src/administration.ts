import type {
  AuditList,
  AuditQueryInput,
  MarkChanged,
  VerifyReport,
} from '@sallyport/contract/admin'
import type { IdentityAdministration } from './identity-administration.ts'
import type { SecretAdministration } from './secret-administration.ts'
import type { UserAdministration } from './user-administration.ts'

/** What a mark is put on or taken from. */
export interface MarkTarget {
  /** Undefined for the whole gateway, which can only drain. */
  readonly server: string | undefined
  readonly kind: 'blocked' | 'draining'
}

/**
 * What an administrator of this machine can do to a gateway's state, whether the gateway runs (then it is
 * told over its local socket) or not (then its store is opened under the lock).
 */
export interface Administration extends AsyncDisposable {
  readonly users: UserAdministration
  readonly identity: IdentityAdministration
  readonly secrets: SecretAdministration
  listAudit(query: AuditQueryInput): Promise<AuditList>
  verifyAudit(): Promise<VerifyReport>
  /** @throws {AppError} `not_found` for a name that no server has */
  setMark(target: MarkTarget, reason: string): Promise<MarkChanged>
  /** @throws {AppError} `not_found` for a name that has neither a server nor a mark */
  clearMark(target: MarkTarget): Promise<MarkChanged>
}
