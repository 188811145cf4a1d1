import type {
  AuditList,
  AuditQueryInput,
  KeyCreated,
  KeyCreateInput,
  KeyList,
  VerifyReport,
} from '@sallyport/contract/admin'

/**
 * What an administrator of this machine can do to a gateway's state, whether the gateway runs (then it is
 * told over its local socket) or not (then its store is opened under the lock).
 */
export interface Administration extends AsyncDisposable {
  createKey(input: KeyCreateInput): Promise<KeyCreated>
  listKeys(): Promise<KeyList>
  /** @throws {AppError} `not_found` when there is none to revoke */
  revokeKey(idOrName: string): Promise<void>
  listAudit(query: AuditQueryInput): Promise<AuditList>
  verifyAudit(): Promise<VerifyReport>
}
