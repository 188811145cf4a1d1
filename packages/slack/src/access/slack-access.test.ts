import { publicMessage, AppError } from '@sallyport/kit/errors'
import { CALLER, type Principal } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import type { ToolCall } from '@sallyport/kit/tool-server'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ClientBench, installationOf } from '../../test/fixtures/client-bench.ts'
import { APP } from '../../test/fixtures/scripted-slack.ts'
import { json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'
import type { SlackClients } from '../client/slack-clients.ts'
import type { Installation } from '../installations/installation.ts'
import type { SlackToken } from '../settings/settings.ts'
import { SlackAccess } from './slack-access.ts'

const token = (name: string, teams?: readonly string[]): SlackToken => ({
  name,
  values: [new Secret('x')],
  teams,
})

const RULES = {
  tokens: [token('ana', ['T1']), token('both', ['T1', 'T2']), token('loose')],
  apps: [APP, { ...APP, name: 'acme', tenant: 'acme' }, { ...APP, name: 'other', tenant: 'other' }],
  tenantTeams: new Map([['acme', ['T2', 'T9']]]),
}

const as = (id: string, tenant: string | null = null): Principal => ({
  ...CALLER,
  ...{ id, tenant, kind: 'token', name: id },
})

const ALL = [
  installationOf('T1'),
  installationOf('T2'),
  installationOf('T3', { app: 'acme', tenant: 'acme' }),
  installationOf('T4', { app: 'gone' }),
]

function accessTo(list: readonly Installation[], clients?: SlackClients) {
  const none = undefined as unknown as SlackClients // nothing is called
  const access = new SlackAccess(RULES, { list: () => list }, clients ?? none)
  const call = (principal: Principal): ToolCall => ({
    ...{ principal, address: '', requestId: 'r', idempotencyKey: undefined },
    signal: new AbortController().signal,
    deadlineMs: performance.now() + 5_000,
  })
  return {
    access,
    context: (principal: Principal) => access.context(call(principal)),
    teams: (principal: Principal) =>
      access.of(principal).usable.map(({ installation: { team, app } }) => `${team} ${app}`),
    /** What a caller is told that means a team. */
    told: (principal: Principal, team?: string) => {
      try {
        return access.context(call(principal)).workspace(team).installation.team
      } catch (thrown) {
        const error = AppError.from(thrown)
        return `${error.code}: ${publicMessage(error)}`
      }
    },
  }
}

test("another workspace's id is answered as one that does not exist [slack/access/bound]", () => {
  const { told, teams } = accessTo(ALL)
  expect(teams(as('token:ana'))).toEqual(['T1 default'])
  expect(told(as('token:ana'))).toBe('T1')
  expect(told(as('token:ana'), 'T1')).toBe('T1')
  const foreign = told(as('token:ana'), 'T2')
  expect(foreign).toBe(told(as('token:ana'), 'TNOSUCH'))
  expect(foreign).toMatch(/^slack_team_unknown: there is no such workspace/)
  // Not for its length, its case or a name of the prototype either.
  for (const odd of ['', 't1', 'T1 ', '__proto__', 'constructor']) {
    expect(told(as('token:ana'), odd)).toBe(foreign)
  }
})

test('whoever may use several workspaces must say which one', () => {
  const { told } = accessTo(ALL)
  expect(told(as('token:both'), 'T2')).toBe('T2')
  expect(told(as('token:both'))).toMatch(/^slack_team_unknown: .*give team_id/)
})

test('a token that is bound to no workspace works while there is one, and is refused with more [slack/access/unbound]', () => {
  const one = accessTo([installationOf('T1'), ...ALL.slice(2)])
  expect(one.told(as('token:loose'))).toBe('T1')
  expect(one.told(as('token:loose'), 'T3')).toMatch(/^slack_team_unknown/)
  const several = accessTo(ALL)
  const refusal = several.told(as('token:loose'), 'T1')
  expect(refusal).toMatch(/^forbidden: .*NAME:TEAM=token/)
  expect(several.told(as('token:loose'))).toBe(refusal)
  expect(several.teams(as('token:loose'))).toEqual([])
  expect(accessTo([]).told(as('token:loose'))).toMatch(/^slack_team_unknown: no workspace/)
  const removed = accessTo([installationOf('T1'), installationOf('T2', { state: 'removed' })])
  expect(removed.told(as('token:loose'))).toBe('T1')
})

test("a tenant's caller may use its own installations and the teams given to it, and nobody else's [slack/access/tenant]", () => {
  const { teams, told } = accessTo(ALL)
  expect(teams(as('caller:bob', 'acme'))).toEqual(['T2 default', 'T3 acme'])
  expect(teams(as('caller:eve', 'other'))).toEqual([])
  expect(told(as('caller:bob', 'acme'), 'T1')).toBe(told(as('caller:bob', 'acme'), 'T8'))
  expect(told(as('caller:carl'))).toMatch(/^forbidden: .*SLACK_TENANT_TEAMS/)
  expect(teams(as('token:nobody'))).toEqual([])
  // A team that another tenant has its own app in is not lent, and one name in two tenants is two callers.
  const lent = accessTo([installationOf('T9', { app: 'other', tenant: 'other' })])
  expect(lent.teams(as('caller:eve', 'other'))).toEqual(['T9 other'])
  expect(lent.teams(as('caller:eve', 'acme'))).toEqual([])
})

test("of two apps in one workspace a tenant's caller uses its own, others the common one", () => {
  const two = [installationOf('T2', { app: 'acme', tenant: 'acme' }), installationOf('T2')]
  const { teams } = accessTo(two)
  expect(teams(as('caller:bob', 'acme'))).toEqual(['T2 acme'])
  expect(teams(as('token:both'))).toEqual(['T2 default'])
})

test('a workspace whose tokens are dead is named, to those who may use it', () => {
  const dead = [installationOf('T1', { state: 'reinstall' }), installationOf('T2')]
  const { told } = accessTo(dead)
  expect(told(as('token:ana'))).toMatch(/^slack_reinstall: .*Team T1 \(T1\).*\/slack\/install/)
  expect(told(as('token:both'), 'T2')).toBe('T2')
})

test('what a caller may use follows the installations, and costs nothing while they are the same', () => {
  let list: readonly Installation[] = [installationOf('T1')]
  const none = undefined as unknown as SlackClients // nothing is called
  const access = new SlackAccess(RULES, { list: () => list }, none)
  const before = access.of(as('token:both'))
  expect(access.of(as('token:both'))).toBe(before)
  list = [...list, installationOf('T2')]
  expect(access.of(as('token:both')).usable).toHaveLength(2)
})

test("a workspace's Web API waits no longer than its call may take", async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true }))
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 1 })
  const { context } = accessTo([installationOf('T1')], bench.clients)
  const { api } = context(as('token:ana')).workspace('T1')
  const ask = { reply: z.unknown(), signal: new AbortController().signal }
  await api.call('team.info', {}, ask)
  // The next turn is a minute away, the end of the call five seconds.
  const second = api.call('team.info', {}, { ...ask, deadlineMs: performance.now() + 120_000 })
  await expect(second).rejects.toMatchObject({ code: 'slack_rate_limited', outcome: 'not_sent' })
  expect(slack.seen).toHaveLength(1)
})
