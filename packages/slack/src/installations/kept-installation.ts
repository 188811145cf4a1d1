import type { Sealer } from '@sallyport/kit/crypto'
import { Secret } from '@sallyport/kit/secret'
import { installationAad, type InstallationRecord } from '@sallyport/kit/store'
import { z } from 'zod'
import type { Grant, Installation, IssuedToken, TokenKind } from './installation.ts'

/** What installations of Slack stand under in the store. */
export const PROVIDER = 'slack'

/** A token that is kept. */
export interface KeptToken extends IssuedToken {
  readonly issuedAtMs: number
}

/** An installation with its tokens; those of a dead one are gone. */
export interface KeptInstallation {
  readonly installation: Installation
  readonly bot: KeptToken | undefined
  readonly user: KeptToken | undefined
  readonly createdAtMs: number
  /** Of the row; 0 before it was written. */
  readonly version: number
}

const tokenSchema = z.object({
  token: z.string(),
  refresh: z.string().nullable(),
  expiresAtMs: z.number().nullable(),
  issuedAtMs: z.number(),
})

const bodySchema = z.object({
  teamName: z.string(),
  enterprise: z.string().nullable(),
  botUser: z.string(),
  botScopes: z.array(z.string()).readonly(),
  installedAtMs: z.number(),
  bot: tokenSchema.nullable(),
  // Null once the person was erased.
  person: z
    .object({
      id: z.string(),
      user: z.object({ id: z.string(), scopes: z.array(z.string()).readonly() }).nullable(),
      token: tokenSchema.nullable(),
    })
    .nullable(),
})

/** A new installation as Slack granted it. */
export function fromGrant(grant: Grant, nowMs: number): KeptInstallation {
  const { bot, userToken, ...told } = grant
  return {
    installation: {
      ...told,
      installedAtMs: nowMs,
      expiresAtMs: bot.expiresAtMs,
      state: 'active',
    },
    bot: { ...bot, issuedAtMs: nowMs },
    user: userToken && { ...userToken, issuedAtMs: nowMs },
    createdAtMs: nowMs,
    version: 0,
  }
}

/** The token of that kind. */
export function tokenOf(kept: KeptInstallation, kind: TokenKind): KeptToken | undefined {
  return kind === 'bot' ? kept.bot : kept.user
}

/** The same with another token of that kind. */
export function withToken(
  kept: KeptInstallation,
  kind: TokenKind,
  token: KeptToken,
): KeptInstallation {
  if (kind === 'user') return { ...kept, user: token }
  const installation = { ...kept.installation, expiresAtMs: token.expiresAtMs }
  return { ...kept, installation, bot: token }
}

/** The same without the token of whoever installed it. */
export function withoutUser(kept: KeptInstallation): KeptInstallation {
  return { ...kept, installation: { ...kept.installation, user: null }, user: undefined }
}

/** The same without any token: they are of no use to anybody. */
export function ended(
  kept: KeptInstallation,
  state: Exclude<Installation['state'], 'active'>,
): KeptInstallation {
  const installation = { ...kept.installation, state, expiresAtMs: null }
  return { ...kept, installation, bot: undefined, user: undefined }
}

/** What is written of it, its body sealed. */
export function toValues(
  sealer: Sealer,
  kept: KeptInstallation,
  changedAtMs: number,
): Omit<InstallationRecord, 'version' | 'lease'> {
  const { app, team, tenant, state, expiresAtMs, installedBy, user, ...told } = kept.installation
  const key = { provider: PROVIDER, app, team }
  const person = installedBy === '' ? null : { id: installedBy, user, token: toWritten(kept.user) }
  const body: z.input<typeof bodySchema> = { ...told, bot: toWritten(kept.bot), person }
  return {
    ...key,
    ...{ tenant, state, expiresAtMs, changedAtMs, createdAtMs: kept.createdAtMs },
    body: Buffer.from(sealer.seal(Buffer.from(JSON.stringify(body)), installationAad(key))),
  }
}

/** What a row says; undefined where none of our keys opens it, or it is of a later version. */
export function openRecord(
  sealer: Sealer,
  record: InstallationRecord,
): KeptInstallation | undefined {
  const text = sealer.open(record.body.toString('latin1'), installationAad(record))?.toString()
  if (text === undefined) return undefined
  const { data } = bodySchema.safeParse(JSON.parse(text)) // sealed by us, so it is JSON
  if (data === undefined) return undefined
  const { bot, person, ...told } = data
  const { app, team, tenant, expiresAtMs, createdAtMs, version } = record
  const installation: Installation = {
    ...{ app, team, tenant, ...told },
    user: person?.user ?? null,
    installedBy: person?.id ?? '',
    expiresAtMs,
    state: toState(record.state),
  }
  return {
    ...{ installation, createdAtMs, version },
    bot: fromWritten(bot),
    user: fromWritten(person?.token ?? null),
  }
}

/** A state that only a later version knows lets nobody call. */
function toState(text: string): Installation['state'] {
  return text === 'active' || text === 'removed' ? text : 'reinstall'
}

function toWritten(token: KeptToken | undefined): z.input<typeof tokenSchema> | null {
  if (token === undefined) return null
  const { expiresAtMs, issuedAtMs } = token
  const refresh = token.refresh?.reveal() ?? null
  return { token: token.token.reveal(), refresh, expiresAtMs, issuedAtMs }
}

function fromWritten(written: z.output<typeof tokenSchema> | null): KeptToken | undefined {
  if (written === null) return undefined
  const { token, refresh, expiresAtMs, issuedAtMs } = written
  return {
    token: new Secret(token),
    refresh: refresh === null ? undefined : new Secret(refresh),
    ...{ expiresAtMs, issuedAtMs },
  }
}
