import { expect, test } from 'vitest'
import { deploymentOf } from '../../../test/fixtures/deployment.ts'
import { callOf, type Callable, mayRepeat, missingCall, serversOf } from './chosen-call.ts'

function callable(source: object): Callable {
  const { settings, config } = deploymentOf('/srv', source)
  if (config === undefined) throw new Error('the configuration is not valid')
  return { settings, config }
}

const HEALTH = { health: { call: { tool: 'look' } } }

test('the call of a server is that of the drills, else that of its health, else none', () => {
  const mcpServers = { a: { command: 'x', ...HEALTH }, b: { command: 'x', ...HEALTH } }
  const calls = { a: { tool: 'echo', arguments: { m: 1 } } }
  const found = callable({
    mcpServers: { ...mcpServers, c: { command: 'x' } },
    checklist: { drills: { calls } },
  })
  expect(callOf(found, 'a')?.asked.params).toEqual({ name: 'echo', arguments: { m: 1 } })
  expect(callOf(found, 'b')?.tool).toBe('look')
  expect(callOf(found, 'c')).toBeUndefined()
  expect(callOf(found, 'nobody')).toBeUndefined()
})

test('the call of a group is its own, else that of a member', () => {
  const mcpServers = { a: { command: 'x' }, b: { command: 'x', ...HEALTH } }
  const groups = { g: { members: ['a', 'b'] } }
  expect(callOf(callable({ mcpServers, groups }), 'g')?.tool).toBe('look')
  const calls = { a: { tool: 'member' } }
  const checklist = { drills: { calls } }
  expect(callOf(callable({ mcpServers, groups, checklist }), 'g')?.tool).toBe('member')
  const own = { drills: { calls: { ...calls, g: { tool: 'own' } } } }
  expect(callOf(callable({ mcpServers, groups, checklist: own }), 'g')?.tool).toBe('own')
})

test('a call may be made twice only where every member says so', () => {
  const { config } = callable({
    mcpServers: {
      a: { command: 'x', tools: { t: { readOnly: true } } },
      b: { command: 'x', tools: { t: { idempotent: true } } },
      c: { command: 'x', trustAnnotations: true },
      d: { command: 'x', tools: { t: { destructive: true } } },
    },
  })
  const { a, b, c, d } = config.servers
  if (!a || !b || !c || !d) throw new Error('a server is missing')
  expect(mayRepeat([a, b, c], 't')).toBe(true)
  expect(mayRepeat([a, d], 't')).toBe(false)
})

test('what is missing names servers and the key to set; the Slack server is none of a copy', () => {
  expect(missingCall(['a', 'b'])).toEqual({
    text: 'no harmless call is known of a, b',
    remedy: 'name one in `checklist.drills.calls.a`, or as its `health.call`',
  })
  const { config } = callable({
    mcpServers: { a: { url: 'https://a.example.com' } },
    slack: { clientId: 'x', clientSecret: 'y', scopes: ['chat:write'] },
  })
  expect(Object.keys(config.servers)).toContain('slack')
  expect(serversOf(config).map(({ name }) => name)).toEqual(['a'])
})
