/** Column types where the engines differ; the text of a migration is otherwise the same. */
export interface SqlTypes {
  readonly blob: string
  /** 64-bit. */
  readonly int: string
  /** Primary key that counts up by itself; in SQLite the rowid. */
  readonly rowId: string
}

export const SQL_TYPES: Readonly<Record<'sqlite' | 'postgres', SqlTypes>> = {
  sqlite: { blob: 'blob', int: 'integer', rowId: 'integer primary key' },
  postgres: {
    blob: 'bytea',
    int: 'bigint',
    rowId: 'bigint generated always as identity primary key',
  },
}

/** One step of the schema. Steps only add; a removal waits one release. */
export interface Migration {
  /** From 1, without gaps. Never reused. */
  readonly id: number
  readonly name: string
  /** May take more than seconds on a large store. */
  readonly long: boolean
  /** Removes or rewrites data. */
  readonly destructive: boolean
  statements(types: SqlTypes): readonly string[]
}

/** The schema's whole history, in order. Append only. */
export const MIGRATIONS: readonly Migration[] = [
  { id: 1, name: 'first', long: false, destructive: false, statements: first },
  { id: 2, name: 'operations', long: false, destructive: false, statements: operations },
  { id: 3, name: 'members', long: false, destructive: false, statements: members },
  { id: 4, name: 'identity', long: false, destructive: false, statements: identity },
  { id: 5, name: 'installations', long: false, destructive: false, statements: installations },
  { id: 6, name: 'checklist', long: false, destructive: false, statements: checklist },
]

function first(types: SqlTypes): readonly string[] {
  return [
    `create table key_check (id integer primary key check (id = 1), mac ${types.blob} not null)`,
    // What the data are sealed with, sealed with the master key.
    `create table vault (name text primary key, body ${types.blob} not null)`,
    `create table keys (
      id text primary key, name text not null, hash ${types.blob} not null, role text not null,
      tenant text, created_at ${types.int} not null, expires_at ${types.int},
      last_used_at ${types.int}, revoked_at ${types.int})`,
    'create unique index keys_live_name on keys (name) where revoked_at is null',
    `create table catalogues (
      server text primary key, fingerprint text not null, read_at ${types.int} not null)`,
    `create table catalogue_pages (
      server text not null references catalogues (server) on delete cascade,
      page integer not null, body ${types.blob} not null, primary key (server, page))`,
    `create table eras (
      server text primary key, fingerprint text not null, era text not null, version text not null,
      judged_at ${types.int} not null)`,
    `create table audit (
      id ${types.rowId}, writer text not null, seq ${types.int} not null, at ${types.int} not null,
      kind text not null, request_id text not null, principal text not null, tenant text,
      address text not null, method text not null, server text, tool text, outcome text not null,
      code text, duration_us ${types.int}, arguments_mac text, hash ${types.blob} not null,
      unique (writer, seq))`,
    `create table audit_heads (
      writer text primary key, opened_at ${types.int} not null, seq ${types.int} not null,
      hash ${types.blob} not null, seal ${types.blob} not null,
      pruned_seq ${types.int} not null, pruned_hash ${types.blob} not null,
      pruned_seal ${types.blob} not null)`,
    // How many chains were ever opened, sealed: a chain removed with its head is found by the count.
    `create table audit_roster (
      id integer primary key check (id = 1), writers ${types.int} not null,
      seal ${types.blob} not null)`,
  ]
}

/** What operators decided, which configurations were in force, keyed calls, calls per day. */
function operations(types: SqlTypes): readonly string[] {
  return [
    `create table marks (
      server text not null, kind text not null, reason text not null, decided_by text not null,
      at ${types.int} not null, primary key (server, kind))`,
    `create table generations (
      id ${types.rowId}, at ${types.int} not null, cause text not null, decided_by text not null,
      digest text not null, file text not null, body ${types.blob} not null)`,
    `create table outcomes (
      principal text not null, server text not null, tool text not null, key_hash text not null,
      arguments_mac text not null, claimant text not null, state text not null,
      at ${types.int} not null, seen_at ${types.int} not null, expires_at ${types.int} not null,
      outcome text, result ${types.blob}, primary key (principal, server, tool, key_hash))`,
    'create index outcomes_expiry on outcomes (expires_at)',
    'create index outcomes_count on outcomes (principal, expires_at)',
    "create index outcomes_pending on outcomes (claimant) where state = 'pending'",
    `create table usage (
      day text not null, scope text not null, calls ${types.int} not null, primary key (day, scope))`,
  ]
}

/** Which member of a group got a call. */
function members(): readonly string[] {
  return ['alter table audit add column member text']
}

/** Who may call, what was added while it ran, and whom an operator keeps out. */
function identity(types: SqlTypes): readonly string[] {
  const changed = `created_at ${types.int} not null, changed_at ${types.int} not null, version ${types.int} not null`
  return [
    'alter table keys add column servers text',
    'alter table keys add column tools text',
    `alter table keys add column read_only ${types.int} not null default 0`,
    'alter table keys add column allow_from text',
    `alter table keys add column previous_hash ${types.blob}`,
    `alter table keys add column previous_until ${types.int}`,
    `alter table keys add column version ${types.int} not null default 1`,
    // Another tenant's names are none of a tenant's business.
    'drop index if exists keys_live_name',
    `create unique index if not exists keys_live_tenant_name
      on keys (coalesce(tenant, ''), name) where revoked_at is null`,
    // Counts up with every change, so that who polls reads one row.
    `create table changes (topic text primary key, version ${types.int} not null)`,
    `create table tenants (name text primary key, title text not null, rule text not null, ${changed})`,
    `create table roles (
      name text primary key, description text not null, permissions text not null, ${changed})`,
    `create table users (
      id text primary key, name text not null, roles text not null, tenant text,
      password text not null, must_change ${types.int} not null, disabled_at ${types.int},
      last_login_at ${types.int}, ${changed})`,
    'create unique index users_name on users (name)',
    `create table logins (
      id text primary key, secret_hash text not null unique, user_id text not null, kind text not null,
      created_at ${types.int} not null, seen_at ${types.int} not null, expires_at ${types.int} not null,
      address text not null, agent text not null)`,
    'create index logins_user on logins (user_id)',
    'create index logins_expiry on logins (expires_at)',
    `create table suspensions (
      kind text not null, subject text not null, reason text not null, decided_by text not null,
      at ${types.int} not null, primary key (kind, subject))`,
    // Servers, groups and endpoints that were added over the API; the body is sealed.
    `create table entries (
      kind text not null, name text not null, body ${types.blob} not null, changed_by text not null,
      ${changed}, primary key (kind, name))`,
    // What stands behind the digest in a principal's id; erasing it leaves the audit log whole.
    `create table subjects (
      id text primary key, issuer text not null, subject ${types.blob} not null,
      first_seen_at ${types.int} not null, last_seen_at ${types.int} not null)`,
  ]
}

/** Apps of first-party servers in other people's workspaces. */
function installations(types: SqlTypes): readonly string[] {
  return [
    // The body is sealed: tokens, scopes, names.
    `create table installations (
      provider text not null, app text not null, team text not null, tenant text,
      state text not null, body ${types.blob} not null, expires_at ${types.int},
      lease_holder text, lease_until ${types.int},
      created_at ${types.int} not null, changed_at ${types.int} not null,
      version ${types.int} not null, primary key (provider, app, team))`,
    'create index installations_team on installations (provider, team)',
    // Begun and not finished yet; taken once.
    `create table install_states (
      state_hash text primary key, provider text not null, body ${types.blob} not null,
      expires_at ${types.int} not null)`,
    'create index install_states_expiry on install_states (expires_at)',
    // What a limit of somebody else allows next, shared by all processes.
    `create table budgets (
      scope text primary key, arrival_at ${types.int} not null, blocked_until ${types.int} not null)`,
  ]
}

/** What people stand for, what a checklist found, and what it measures by. */
function checklist(types: SqlTypes): readonly string[] {
  return [
    `create table attestations (
      item text primary key, kind text not null, signed_by text not null, note text not null,
      at ${types.int} not null, expires_at ${types.int} not null)`,
    // The body is compressed, and signed.
    `create table check_reports (
      number ${types.rowId}, id text not null unique, head text not null, body ${types.blob} not null)`,
    `create table sign_offs (
      number ${types.rowId}, role text not null, signed_by text not null, at ${types.int} not null,
      report text not null)`,
    `create table drill_runs (
      number ${types.rowId}, drill text not null, ended_at ${types.int} not null, body text not null)`,
    'create index drill_runs_drill on drill_runs (drill, number)',
    `create table baselines (
      name text primary key, value text not null, unit text not null, at ${types.int} not null)`,
    // So that the age of a key can be told.
    `alter table keys add column rotated_at ${types.int}`,
  ]
}
