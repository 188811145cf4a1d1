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
}
