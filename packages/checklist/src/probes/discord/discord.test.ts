import type { DiscordInstance } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import type { Probe } from '../../answers/answer.ts'
import { DISCORD } from '../../answers/discord.ts'

const INSTANCE: DiscordInstance = {
  ...{ name: 'one', tokenHash: 'aa', schema: 'one', prefix: '!', port: 9090, folder: '/one' },
  ...{
    gatewayConnected: true,
    intents: ['GuildMembers', 'MessageContent'],
    permissions: ['BanMembers'],
  },
  ...{ guilds: [{ id: '1', joined: true }], aboveManagedRoles: true, personality: 'own' },
}
const OTHER: DiscordInstance = {
  ...INSTANCE,
  name: 'two',
  tokenHash: 'bb',
  schema: 'two',
  prefix: '?',
}

const PROBES = Object.entries(DISCORD).flatMap(([id, answer]): [string, Probe][] =>
  answer.kind === 'probe' ? [[id, answer]] : [],
)

async function states(instances: readonly DiscordInstance[]): Promise<Record<string, string>> {
  const deployment = deploymentOf('/nowhere', {}, { discord: { instances: async () => instances } })
  const found = await Promise.all(
    PROBES.map(async ([id, probe]) => [id, (await look(probe, deployment)).state] as const),
  )
  return Object.fromEntries(found.filter(([, state]) => state !== 'proved'))
}

test('two instances in order are proved', async () => {
  expect(await states([INSTANCE, OTHER])).toEqual({})
})

test.each([
  ['discord/permissions', { permissions: ['Administrator'] }],
  ['discord/role-order', { aboveManagedRoles: false }],
  ['discord/intents', { intents: ['GuildMembers'] }],
  ['discord/guilds', { guilds: [{ id: '2', joined: false }] }],
  ['discord/connected', { gatewayConnected: false }],
  ['discord/personality', { personality: 'shipped' }],
  ['discord/unique-token', { tokenHash: 'aa' }],
  ['discord/unique-schema', { schema: 'one' }],
  ['discord/unique-prefix', { prefix: '!' }],
] satisfies (readonly [string, Partial<DiscordInstance>])[])(
  '%s fails, and nothing else, for %o [check/discord/permissions] [check/discord/role-order] [check/discord/intents] [check/discord/guilds] [check/discord/connected] [check/discord/personality] [check/discord/unique-token] [check/discord/unique-schema] [check/discord/unique-prefix]',
  async (id, change) => {
    expect(await states([INSTANCE, { ...OTHER, ...change }])).toEqual({ [id]: 'failed' })
  },
)

test('without Discord none of it applies; with instances that cannot be asked it is unproved', async () => {
  const [first] = PROBES
  if (first === undefined) throw new Error('there are no probes')
  const none = deploymentOf('/nowhere', {}, { variables: {} })
  expect(first[1].exempt?.(none)).toMatch(/no Discord instance/)
  const unasked = deploymentOf('/nowhere', {}, { variables: { INSTANCES: 'a=http://a:1' } })
  expect(first[1].exempt?.(unasked)).toBeUndefined()
  expect(await look(first[1], unasked)).toMatchObject({ state: 'unproved' })
})
