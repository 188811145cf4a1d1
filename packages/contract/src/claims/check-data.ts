import type { ClaimsOf } from './claim.ts'

/** What the checklist proves of the store, of backups, of PostgreSQL and of Redis. */
export const CHECK_DATA = {
  'check/postgres/reachable': {
    behavior: 'A PostgreSQL that does not answer, or refuses the deployment’s login, fails.',
    source: 'System checklist 46; Slack checklist 26',
  },
  'check/postgres/tls': {
    behavior:
      'A connection over a network without TLS, with an old version of it, or that verifies nobody fails.',
    source: 'System checklist 112',
  },
  'check/postgres/password': {
    behavior:
      'A PostgreSQL that asks for no password, or has one that everybody knows, fails, without a login that is refused.',
    source: 'System checklist 23; Discord checklist, "The Postgres password is not the default"',
  },
  'check/postgres/not-published': {
    behavior:
      'A PostgreSQL that listens at, or is published at, every address of the machine fails.',
    source:
      'Discord checklist, "The Postgres port is not published"; the mistakes of system deployments, "data-store port published on all interfaces"',
  },
  'check/postgres/schemas': {
    behavior: 'A schema that no instance of the deployment names fails, by its name.',
    source: 'Discord checklist, "You know which schemas exist"',
  },
  'check/postgres/pool': {
    behavior:
      'Pools that may take more connections than the server, the database or the role has fail.',
    source: 'System checklist 48; Slack checklist 29, 86, 122',
  },
  'check/postgres/size': {
    behavior: 'A disk with less room than the database may take fails.',
    source: 'Discord checklist, "Disk space is monitored"',
  },
  'check/postgres/queries': {
    behavior:
      'A query slower on average than the objective fails; without `pg_stat_statements` it is unproved.',
    source: 'System checklist 90; Slack checklist 85',
  },
  'check/postgres/persistent': {
    behavior:
      'Commits that nothing waits for, and data in memory or in a container’s own layer, fail.',
    source: 'Discord checklist, "The pgdata volume is on persistent storage"; Slack checklist 24',
  },
  'check/redis/reachable': {
    behavior: 'A Redis that does not answer, or refuses the deployment’s password, fails.',
    source: 'System checklist 53',
  },
  'check/redis/password': {
    behavior: 'A Redis that answers without a password, or with one that everybody tries, fails.',
    source: 'the mistakes of system deployments, "Redis without authentication"',
  },
  'check/redis/memory': {
    behavior: 'A Redis without `maxmemory`, or close to it, fails.',
    source: 'System checklist 56',
  },
  'check/redis/persistence': {
    behavior: 'A Redis that writes nothing, fails to, or writes to memory fails.',
    source: 'System checklist 55',
  },
  'check/redis/not-published': {
    behavior: 'A Redis that listens at, or is published at, every address of the machine fails.',
    source: 'the mistakes of system deployments, "data-store port published on all interfaces"',
  },
  'check/redis/works': {
    behavior:
      'A Redis that answers a ping and a read is proved, without anything written; a copy without its original fails.',
    source: 'System checklist 54',
  },
  'check/store/durable': {
    behavior:
      'A store that takes writes with the audit log on is proved; one that takes none, or a log that is off, fails.',
    source: 'Hangar checklist 26; Slack checklist 24, 26',
  },
  'check/store/place': {
    behavior:
      'An embedded store in memory, in a container’s own layer or on a network file system fails.',
    source: 'Hangar checklist 52; Slack checklist 24, 25',
  },
  'check/store/mode': {
    behavior: 'An embedded store, or its folder, that others of the machine can read fails.',
    source: 'System checklist 119; Discord checklist, "Secrets"',
  },
  'check/store/migrated': {
    behavior: 'A store that lacks a migration, or that a newer version made, fails.',
    source: 'System checklist 47; Slack checklist 27',
  },
  'check/store/disk': {
    behavior: 'A disk with less room than the audit log may take fails.',
    source: 'System checklist 10; Discord checklist, "Disk space is monitored"',
  },
  'check/store/integrity': {
    behavior: 'An embedded store that SQLite finds damaged fails.',
    source: 'System checklist 150, 156; SQLite, "PRAGMA quick_check"',
  },
  'check/store/master-key': {
    behavior:
      'A master key that others can read, that stands in the configuration or lies among the backups fails.',
    source: 'System checklist 19, 24, 118',
  },
  'check/backups/configured': {
    behavior: 'A folder of backups that is missing, empty or open to everybody fails.',
    source: 'System checklist 26; Slack checklist 28, 94',
  },
  'check/backups/recent': {
    behavior:
      'A newest backup that is older than expected, or than the recovery point objective, fails, also when its file was touched.',
    source: 'System checklist 149, 153, 198, 229; Discord checklist, "Backups are scheduled"',
  },
  'check/backups/encrypted': {
    behavior: 'A backup that anybody can read fails: a plain database, a dump, an archive.',
    source: 'System checklist 120; the mistakes of system deployments, "backup unencrypted"',
  },
  'check/backups/restorable': {
    behavior:
      'A newest backup that is empty, cut off, damaged or a fraction of the one before fails; without a restore that was proved it is unproved.',
    source:
      'System checklist 150, 156; the mistakes of system deployments, "backup that is not restorable"',
  },
  'check/backups/offsite': {
    behavior: 'A copy that is missing, that differs or that lies on the same disk fails.',
    source: 'System checklist 152',
  },
  'check/backups/retention': {
    behavior:
      'Backups that are older than they are kept, or that reach back less although the deployment is older, fail.',
    source: 'System checklist 151; Discord checklist, "Backup retention"',
  },
  'check/backups/schedule': {
    behavior:
      'What makes backups less often than expected, is disabled or has to be started by hand fails; where nothing is found it is unproved.',
    source: 'System checklist 149; Discord checklist, "Backups are scheduled"',
  },
} as const satisfies ClaimsOf<'check'>
