import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../test/fixtures/deployment.ts'
import { CONFIGURATION } from './configuration.ts'

test('logs of nothing but JSON say that the gateway writes it, whatever starts it [check/env/json-logs]', async () => {
  const checklist = { logs: ['gateway.log'] }
  const lookAt = async (files: Readonly<Record<string, string>>) => {
    await using place = await Place.make(files)
    return await look(CONFIGURATION['env/json-logs'], deploymentOf(place.folder, { checklist }))
  }
  const line = '{"level":"info","pid":7,"msg":"ready"}\n'
  expect((await lookAt({ 'gateway.log': line })).state).toBe('proved')
  expect((await lookAt({ 'gateway.log': `${line}Servers: none\n` })).state).toBe('failed')
  expect((await lookAt({})).state).toBe('failed')
})

test('a broken compose file leaves open what its services are given [check/env/json-logs] [check/secrets/files]', async () => {
  await using place = await Place.make({ 'compose.yaml': 'services: { a: [\n' })
  for (const id of ['env/json-logs', 'secrets/files'] as const) {
    const { state, evidence } = await look(CONFIGURATION[id], deploymentOf(place.folder))
    expect([state, evidence[0]?.text]).toEqual(['unproved', expect.stringContaining('YAML')])
  }
})

test('a variable may stand in an environment file that cannot be read [check/env/complete]', async () => {
  const headers = { Authorization: 'Bearer ${env:SEARCH_TOKEN}' }
  const mcpServers = { a: { url: 'https://mcp.sallyport.test/mcp', headers } }
  await using place = await Place.make()
  const lookAt = async (checklist: unknown) => {
    const deployment = deploymentOf(place.folder, { mcpServers, checklist })
    return (await look(CONFIGURATION['env/complete'], deployment)).state
  }
  expect(await lookAt({})).toBe('failed')
  expect(await lookAt({ environmentFiles: ['elsewhere.env'] })).toBe('unproved')
})
