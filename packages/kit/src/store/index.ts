export {
  ENTRY_KINDS,
  type EntryKind,
  type EntryReading,
  type EntryRecord,
  type EntryStore,
} from './entry-store.ts'
export {
  type BudgetAsk,
  type BudgetGrant,
  type BudgetLimit,
  type BudgetState,
  type BudgetStore,
  planBudget,
} from './budget-store.ts'
export {
  type AttestationRecord,
  type BaselineRecord,
  CHECKLIST_LIMITS,
  type ChecklistStore,
  type DrillRunRecord,
  type ReportHead,
  type ReportRecord,
  type SignOffRecord,
} from './checklist-store.ts'
export type { InstallStateRecord, InstallStateStore } from './install-state-store.ts'
export {
  INSTALLATION_PURPOSE,
  installationAad,
  type InstallationKey,
  type InstallationLease,
  type InstallationReading,
  type InstallationRecord,
  type InstallationStore,
  type InstallationValues,
} from './installation-store.ts'
export { type KeptStore, startHousekeeping } from './housekeeping.ts'
export {
  keyFileOf,
  type KeyedStore,
  openKeyedStore,
  type OpenKeyedStoreOptions,
} from './open-keyed-store.ts'
export { openStore, pendingMigrations, type OpenStoreOptions } from './open-store.ts'
export { hasSqliteStore } from './sqlite-database.ts'
export { parseStoreLocation, type StoreLocation } from './location.ts'
export type { PendingMigration } from './migrate.ts'
export { shortStoreReason } from './store-failure.ts'
export { acquireStoreLock, type StoreLock } from './store-lock.ts'
export type { SubjectRecord, SubjectStore } from './subject-store.ts'
export type { StoreKeys } from './keys.ts'
export type { ErasedRows, SubjectErasure } from './subject-erasure.ts'
export type { RingStore } from './ring-store.ts'
export { type Resealed, SEALED_TABLES, type SealedRowStore } from './sealed-rows.ts'
export type {
  AuditEntry,
  AuditFault,
  AuditKind,
  AuditLimits,
  AuditLog,
  AuditOutcome,
  AuditQuery,
  AuditReader,
  AuditReport,
  AuditRetention,
  AuditRow,
  CatalogueRecord,
  CatalogueStore,
  EraRecord,
  GenerationRecord,
  GenerationStore,
  MarkRecord,
  MarkStore,
  OutcomeKey,
  OutcomeRecord,
  OutcomeStore,
  Store,
  UsageRecord,
  UsageStore,
} from './store.ts'
export { CHANGE_TOPICS, type ChangeStore, type ChangeTopic } from './changes.ts'
export type { LoginBasis, LoginRecord, LoginStore } from './login-store.ts'
export {
  isUsableAdmin,
  type NewUser,
  type UserBasis,
  type UserChange,
  type UserRecord,
  type UserStore,
} from './user-store.ts'
export { ChangeWatch, type ChangeWatchOptions } from './change-watch.ts'
export type { KeyChanges, KeyPage, KeyQuery, KeyRecord, KeyStore } from './key-record.ts'
export type { RoleRecord, RoleStore, RoleValues, VersionedName } from './role-store.ts'
export type { SuspensionKind, SuspensionRecord, SuspensionStore } from './suspension-store.ts'
export type { TenantRecord, TenantStore, TenantValues } from './tenant-store.ts'
