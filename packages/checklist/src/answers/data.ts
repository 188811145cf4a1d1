import { backupsConfigured, backupsEncrypted, backupsRecent } from '../probes/data/backups.ts'
import { backupsOffsite } from '../probes/data/backups-offsite.ts'
import { backupsRestorable } from '../probes/data/backups-restorable.ts'
import { backupsRetention } from '../probes/data/backups-retention.ts'
import { backupsSchedule } from '../probes/data/backups-schedule.ts'
import {
  postgresPassword,
  postgresPool,
  postgresQueries,
  postgresReachable,
  postgresTls,
} from '../probes/data/postgres.ts'
import {
  postgresNotPublished,
  postgresPersistent,
  postgresSize,
} from '../probes/data/postgres-disk.ts'
import { postgresSchemas } from '../probes/data/postgres-schemas.ts'
import {
  redisMemory,
  redisNotPublished,
  redisPassword,
  redisPersistence,
  redisReachable,
  redisWorks,
} from '../probes/data/redis.ts'
import { storeDisk } from '../probes/data/store-disk.ts'
import { storeDurable } from '../probes/data/store-durable.ts'
import { storeIntegrity } from '../probes/data/store-integrity.ts'
import { storeMasterKey } from '../probes/data/store-master-key.ts'
import { storeMigrated } from '../probes/data/store-migrated.ts'
import { storeMode } from '../probes/data/store-mode.ts'
import { storePlace } from '../probes/data/store-place.ts'
import type { AnswerTable } from './answer.ts'

/** PostgreSQL, Redis, the store, and backups. */
export const DATA = {
  'postgres/reachable': postgresReachable,
  'postgres/tls': postgresTls,
  'postgres/password': postgresPassword,
  'postgres/not-published': postgresNotPublished,
  'postgres/schemas': postgresSchemas,
  'postgres/pool': postgresPool,
  'postgres/size': postgresSize,
  'postgres/queries': postgresQueries,
  'postgres/persistent': postgresPersistent,
  'redis/reachable': redisReachable,
  'redis/password': redisPassword,
  'redis/memory': redisMemory,
  'redis/persistence': redisPersistence,
  'redis/not-published': redisNotPublished,
  'redis/works': redisWorks,
  'store/durable': storeDurable,
  'store/place': storePlace,
  'store/mode': storeMode,
  'store/migrated': storeMigrated,
  'store/disk': storeDisk,
  'store/integrity': storeIntegrity,
  'store/master-key': storeMasterKey,
  'backups/configured': backupsConfigured,
  'backups/recent': backupsRecent,
  'backups/encrypted': backupsEncrypted,
  'backups/restorable': backupsRestorable,
  'backups/offsite': backupsOffsite,
  'backups/retention': backupsRetention,
  'backups/schedule': backupsSchedule,
} as const satisfies AnswerTable
