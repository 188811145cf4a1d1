import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type SessionServer, startSessionServer } from '../fixtures/servers/session-server.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import {
  ask,
  callTool,
  LegacySession,
  listToolNames,
  textOf,
  toolNamesOf,
} from '../fixtures/wire.ts'

let remote: SessionServer
let gateway: TestGateway
beforeAll(async () => {
  remote = await startSessionServer()
  const mcpServers = {
    beta: stdioServer(),
    alpha: stdioServer({ TOOL_PREFIX: 'alpha__' }),
    remote: { url: remote.url },
  }
  gateway = await startGateway({ config: { mcpServers } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await remote[Symbol.asyncDispose]()
})

const OWN = ['echo', 'wait', 'steps', 'environment', 'grow', 'fail', 'crash']

test('one tool name on three servers: all are listed, none is dropped, the order is the same each time [tools/same-names]', async () => {
  const names = await listToolNames(gateway)
  expect(names.toSorted()).toEqual(
    [
      ...OWN.map((name) => `alpha__alpha__${name}`),
      ...OWN.map((name) => `beta__${name}`),
      'remote__echo',
    ].toSorted(),
  )
  expect(await listToolNames(gateway)).toEqual(names)
  const session = await LegacySession.open(gateway)
  expect(toolNamesOf(await session.request('tools/list'))).toEqual(names)
})

test('each name leads to its own server [tools/name]', async () => {
  const names = ['beta__echo', 'alpha__alpha__echo', 'remote__echo']
  const answers = await Promise.all(
    names.map((name) => callTool(gateway, name, { message: `for ${name}` })),
  )
  expect(answers.map(textOf)).toEqual(names.map((name) => `for ${name}`))
  expect(remote.opened).toHaveLength(1)
})

test('a name without its server, with another one, or with a missing one is an unknown tool [tools/unknown]', async () => {
  for (const name of ['echo', 'remote__wait', 'gamma__echo', 'beta_echo', '__echo', 'beta__']) {
    const { status, json } = await callTool(gateway, name, {})
    expect([name, status, json.error?.code]).toEqual([name, 200, -32602])
  }
})

test('under its own address a server has its own names, and only those [tools/one-server]', async () => {
  const target = { url: `${gateway.data}/servers/remote/mcp`, token: gateway.token }
  expect(await listToolNames(target)).toEqual(['echo'])
  expect(textOf(await callTool(target, 'echo', { message: 'plain' }))).toBe('plain')
  expect((await callTool(target, 'remote__echo', {})).json.error?.code).toBe(-32602)
  const missing = { url: `${gateway.data}/servers/gamma/mcp`, token: gateway.token }
  expect(await ask(missing, 'tools/list')).toMatchObject({ status: 404 })
})

test('a server that forgot its sessions is met again without the caller noticing [upstreams/session/lost]', async () => {
  remote.forget()
  expect(textOf(await callTool(gateway, 'remote__echo', { message: 'again' }))).toBe('again')
})
