import type { ColumnType, Generated } from 'kysely'

type Blob = ColumnType<Uint8Array, Buffer, Buffer>

interface KeyTable {
  id: string
  name: string
  hash: Blob
  role: string
  tenant: string | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
  /** JSON lists; null = all. */
  servers: string | null
  tools: string | null
  read_only: Generated<number>
  allow_from: string | null
  previous_hash: ColumnType<Uint8Array | null, Buffer | null | undefined, Buffer | null>
  previous_until: number | null
  rotated_at: number | null
  version: Generated<number>
}

interface Versioned {
  created_at: number
  changed_at: number
  version: number
}

interface TenantTable extends Versioned {
  name: string
  title: string
  /** JSON of a SightRule. */
  rule: string
}

interface RoleTable extends Versioned {
  name: string
  description: string
  /** JSON list. */
  permissions: string
}

interface UserTable extends Versioned {
  id: string
  name: string
  /** JSON list. */
  roles: string
  tenant: string | null
  password: string
  must_change: number
  disabled_at: number | null
  last_login_at: number | null
}

interface LoginTable {
  id: string
  secret_hash: string
  user_id: string
  kind: string
  created_at: number
  seen_at: number
  expires_at: number
  address: string
  agent: string
}

interface EntryTable extends Versioned {
  kind: string
  name: string
  body: Blob
  changed_by: string
}

interface SubjectTable {
  id: string
  issuer: string
  subject: Blob
  first_seen_at: number
  last_seen_at: number
}

interface OutcomeTable {
  principal: string
  server: string
  tool: string
  key_hash: string
  arguments_mac: string
  claimant: string
  state: string
  at: number
  seen_at: number
  expires_at: number
  outcome: string | null
  result: ColumnType<Uint8Array | null, Buffer | null, Buffer | null>
}

interface GenerationTable {
  id: Generated<number>
  at: number
  cause: string
  decided_by: string
  digest: string
  file: string
  body: Blob
}

interface InstallationTable {
  provider: string
  app: string
  team: string
  tenant: string | null
  state: string
  body: Blob
  expires_at: number | null
  lease_holder: string | null
  lease_until: number | null
  created_at: number
  changed_at: number
  version: number
}

interface InstallStateTable {
  state_hash: string
  provider: string
  body: Blob
  expires_at: number
}

interface AttestationTable {
  item: string
  kind: string
  signed_by: string
  note: string
  at: number
  expires_at: number
}

interface SignOffTable {
  number: Generated<number>
  role: string
  signed_by: string
  at: number
  report: string
}

interface DrillRunTable {
  number: Generated<number>
  drill: string
  ended_at: number
  body: string
}

/** The tables that Kysely speaks to; the audit tables are outside it. */
export interface Tables {
  keys: KeyTable
  catalogues: { server: string; fingerprint: string; read_at: number }
  catalogue_pages: { server: string; page: number; body: Blob }
  eras: { server: string; fingerprint: string; era: string; version: string; judged_at: number }
  marks: { server: string; kind: string; reason: string; decided_by: string; at: number }
  generations: GenerationTable
  outcomes: OutcomeTable
  usage: { day: string; scope: string; calls: number }
  changes: { topic: string; version: number }
  tenants: TenantTable
  roles: RoleTable
  users: UserTable
  logins: LoginTable
  suspensions: { kind: string; subject: string; reason: string; decided_by: string; at: number }
  entries: EntryTable
  subjects: SubjectTable
  installations: InstallationTable
  install_states: InstallStateTable
  /** Wall clock, milliseconds since 1970. */
  budgets: { scope: string; arrival_at: number; blocked_until: number }
  vault: { name: string; body: Blob }
  attestations: AttestationTable
  check_reports: { number: Generated<number>; id: string; head: string; body: Blob }
  sign_offs: SignOffTable
  drill_runs: DrillRunTable
  baselines: { name: string; value: string; unit: string; at: number }
  key_check: { id: number; mac: Blob }
}
