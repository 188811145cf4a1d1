import type { ColumnType } from 'kysely'

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

/** The tables that Kysely speaks to; the audit tables are outside it. */
export interface Tables {
  keys: KeyTable
  catalogues: { server: string; fingerprint: string; read_at: number }
  catalogue_pages: { server: string; page: number; body: Blob }
  eras: { server: string; fingerprint: string; era: string; version: string; judged_at: number }
}
