import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import type { Installation } from '../installations/installation.ts'
import type { SlackApp, SlackSettings } from '../settings/settings.ts'

/** What decides who may use which workspace. */
export type AccessRules = Pick<SlackSettings, 'tokens' | 'apps' | 'tenantTeams'>

/** An installation with the app that it is of. */
export interface UsableInstallation {
  readonly installation: Installation
  readonly app: SlackApp
}

/** What one caller may use. */
export interface Sighted {
  /** At most one per team, by team; empty where `refusal` says why. */
  readonly usable: readonly UsableInstallation[]
  /** Why every call is refused; undefined = it is not. */
  readonly refusal: AppError | undefined
}

const TOKEN_PREFIX = 'token:'
const NOTHING: Sighted = { usable: [], refusal: undefined }

/**
 * Decides which installations a caller may use. Pure.
 *
 * A token of this server that names teams may use these and no other; one that names none, and a caller of the
 * gateway without a tenant, what belongs to no tenant while that is a single workspace. A caller of a tenant may
 * use what the tenant's own apps are installed in, and the teams that `SLACK_TENANT_TEAMS` gives it.
 */
export function visibleInstallations(
  principal: Principal,
  rules: AccessRules,
  installations: readonly Installation[],
): Sighted {
  const apps = new Map(rules.apps.map((app) => [app.name, app]))
  const all = installations.flatMap((installation): UsableInstallation[] => {
    const app = apps.get(installation.app)
    return app === undefined ? [] : [{ installation, app }]
  })
  if (principal.id.startsWith(TOKEN_PREFIX)) return ofToken(principal, rules, all)
  if (principal.tenant === null) return theOnlyOne(ofNobody(all), MANY_FOR_CALLER)
  const teams = new Set(rules.tenantTeams.get(principal.tenant))
  const { tenant } = principal
  const own = all.filter(({ installation }) => installation.tenant === tenant)
  const given = ofNobody(all).filter(({ installation }) => teams.has(installation.team))
  return { usable: onePerTeam([...own, ...given]), refusal: undefined }
}

function ofToken(
  { id }: Principal,
  { tokens }: AccessRules,
  all: readonly UsableInstallation[],
): Sighted {
  const token = tokens.find(({ name }) => `${TOKEN_PREFIX}${name}` === id)
  if (token === undefined) return NOTHING
  if (token.teams === undefined) return theOnlyOne(ofNobody(all), MANY_FOR_TOKEN)
  const teams = new Set(token.teams)
  const bound = all.filter(({ installation }) => teams.has(installation.team))
  return { usable: onePerTeam([...ofNobody(bound), ...bound]), refusal: undefined }
}

/** Of nobody: what no tenant has for itself. */
function ofNobody(all: readonly UsableInstallation[]): UsableInstallation[] {
  return all.filter(({ installation }) => installation.tenant === null)
}

function theOnlyOne(all: readonly UsableInstallation[], many: string): Sighted {
  const teams = onePerTeam(all)
  const there = teams.filter(({ installation }) => installation.state !== 'removed')
  const usable = there.length === 0 ? teams : there
  if (usable.length < 2) return { usable, refusal: undefined }
  return { usable: [], refusal: new AppError('forbidden', many) }
}

const MANY_FOR_TOKEN =
  'several workspaces are installed and this token is bound to none of them: write it as NAME:TEAM=token in SALLYPORT_TOKEN'
const MANY_FOR_CALLER =
  'several workspaces are installed and this caller is bound to none of them: give it a tenant with teams in SLACK_TENANT_TEAMS, or use a token of the form NAME:TEAM=token'

/** The first of each team that works, or else the first. */
function onePerTeam(all: readonly UsableInstallation[]): UsableInstallation[] {
  const byTeam = new Map<string, UsableInstallation>()
  for (const one of all) {
    const known = byTeam.get(one.installation.team)
    const better = known?.installation.state !== 'active' && one.installation.state === 'active'
    if (known === undefined || better) byTeam.set(one.installation.team, one)
  }
  return [...byTeam.values()].toSorted((one, other) =>
    one.installation.team < other.installation.team ? -1 : 1,
  )
}
