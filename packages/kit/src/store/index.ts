export { openStore, pendingMigrations, type OpenStoreOptions } from './open-store.ts'
export { hasSqliteStore } from './sqlite-database.ts'
export { parseStoreLocation, type StoreLocation } from './location.ts'
export type { PendingMigration } from './migrate.ts'
export { shortStoreReason } from './store-failure.ts'
export { acquireStoreLock, type StoreLock } from './store-lock.ts'
export type { SubjectRecord, SubjectStore } from './subject-store.ts'
export type { StoreKeys } from './keys.ts'
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
  KeyRecord,
  KeyStore,
  MarkRecord,
  MarkStore,
  OutcomeKey,
  OutcomeRecord,
  OutcomeStore,
  Store,
  UsageRecord,
  UsageStore,
} from './store.ts'
