import { symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test, vi } from 'vitest'
import { addServer, ALLOWED, ask, codeOf, plant, startOpen } from '../fixtures/entries.ts'
import { PathClient } from '../fixtures/path-client.ts'
import { textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, type TestGateway } from '../fixtures/test-gateway.ts'
import { callText, hostileServer, openTestUpstreams } from '../fixtures/upstreams/harness.ts'

type Definition = Readonly<Record<string, unknown>>

/** A command that leaves a file behind when it runs. */
function tracer(gateway: TestGateway): { definition: Definition; lines: () => string[] } {
  const script = `require('fs').appendFileSync(${JSON.stringify(gateway.path('ran'))}, 'ran\\n')`
  const definition = { command: process.execPath, args: ['-e', script], prestart: true }
  return { definition, lines: () => gateway.lines('ran') }
}

test('a program, an argument or a variable that is not allowed is refused, and nothing is started [entries/commands]', async () => {
  const gateway = await startOpen()
  const { definition, lines } = tracer(gateway)
  const good = hostileEntry('pid') as { command: string; args: string[]; env: object }
  symlinkSync(process.execPath, gateway.path('node'))
  writeFileSync(
    gateway.path('evil.mjs'),
    "import('node:fs').then((fs) => fs.writeFileSync('ran', ''))",
  )
  const attempts: object[] = [
    definition,
    { command: '/bin/sh', args: ['-c', 'touch ran'] },
    { command: 'sh', args: ['-c', 'touch ran'] },
    { command: 'node', args: good.args },
    { command: './node', args: good.args },
    { command: gateway.path('node'), args: good.args },
    { command: `${process.execPath}/../node/../../evil`, args: good.args },
    { ...good, command: `${good.command} ` },
    { ...good, args: [...good.args, '--import', gateway.path('evil.mjs')] },
    { ...good, args: ['--import', gateway.path('evil.mjs'), ...good.args] },
    { ...good, args: [gateway.path('evil.mjs')] },
    { ...good, args: [] },
    { ...good, args: [`${good.args[0]}/../../evil.mjs`] },
    { ...good, env: { NODE_OPTIONS: `--import=${gateway.path('evil.mjs')}` } },
    { ...good, env: { LD_PRELOAD: gateway.path('evil.so') } },
    { ...good, env: { PATH: gateway.folder } },
    { ...good, env: { TOOLS: 'pid', OTHER: 'x' } },
  ]
  for (const [at, one] of attempts.entries()) {
    const body = { name: `n${at}`, definition: { ...one, prestart: true } }
    const answer = await ask(gateway, 'POST', '/servers', { body })
    expect([one, answer.status, codeOf(answer)]).toEqual([one, 403, 'command_not_allowed'])
  }
  await addServer(gateway, 'good', good)
  for (const one of attempts) {
    const body = { definition: { env: {}, ...one } }
    const answer = await ask(gateway, 'PUT', '/servers/good', { body, version: 1 })
    expect([one, answer.status]).toEqual([one, 403])
  }
  expect((await ask(gateway, 'PATCH', '/servers/good', { body: { definition } })).status).toBe(405)
  const client = await PathClient.open(gateway, '/mcp')
  const reply = await client.request('tools/call', { name: 'good__pid', arguments: {} })
  expect(textOf(reply)).toMatch(/^\d+$/)
  expect(lines()).toEqual([])
})

test('without `api.commands` no program can be added, whichever the file itself runs [entries/commands]', async () => {
  const own = hostileEntry('pid')
  const gateway = await startOpen({ mcpServers: { own }, config: { api: {} } })
  const answer = await ask(gateway, 'POST', '/servers', { body: { name: 'copy', definition: own } })
  expect([answer.status, codeOf(answer)]).toEqual([403, 'command_not_allowed'])
})

test('what another process put into the store is judged by the file here, while it runs and when it starts [entries/commands]', async () => {
  const gateway = await startOpen()
  const { definition, lines } = tracer(gateway)
  await plant(gateway, [{ kind: 'server', name: 'planted', value: definition }])
  const value = { members: ['planted'] }
  await plant(gateway, [{ kind: 'group', name: 'all', value }])
  const shown = async () => (await ask(gateway, 'GET', '/entries')).json
  const leftOut = {
    items: [
      { name: 'all', inForce: false },
      { name: 'planted', inForce: false, reason: expect.stringContaining('`api.commands`') },
    ],
  }
  await vi.waitFor(async () => expect(await shown()).toMatchObject(leftOut), { timeout: 3_000 })
  await gateway.restart()
  expect(await shown()).toMatchObject(leftOut)
  // It can still be removed, and not be changed into force.
  const body = { definition }
  const { json } = await ask(gateway, 'GET', '/servers/planted/definition')
  const { version } = json as { version: number } // as the answer has it
  expect((await ask(gateway, 'PUT', '/servers/planted', { body, version })).status).toBe(403)
  expect((await ask(gateway, 'DELETE', '/servers/planted', { version })).status).toBe(204)
  expect(lines()).toEqual([])
})

test('references that another process put into the store stay text', async () => {
  const gateway = await startOpen()
  const base = hostileEntry('environment,pid') as { env: object }
  const env = { ...base.env, NOTE: '${env:HOME} ${file:/etc/passwd}' }
  await plant(gateway, [{ kind: 'server', name: 'planted', value: { ...base, env } }])
  const client = await PathClient.open(gateway, '/mcp')
  await vi.waitFor(
    async () => {
      const params = { name: 'planted__environment', arguments: {} }
      const got = textOf(await client.request('tools/call', params))
      expect(JSON.parse(got)).toMatchObject({ NOTE: env.NOTE })
    },
    { timeout: 5_000 },
  )
})

test('a reload or a rollback to a file that does not allow it ends it, and one back brings it again [entries/commands]', async () => {
  const gateway = await startOpen()
  await addServer(gateway, 'added', hostileEntry('pid'))
  const client = await PathClient.open(gateway, '/mcp')
  const { config } = gateway.running
  const call = () => client.request('tools/call', { name: 'added__pid', arguments: {} })
  expect(textOf(await call())).toMatch(/^\d+$/)
  gateway.configure({ config: { api: { commands: [] } } })
  expect(await config.reload({ cause: 'api', by: 't' })).toMatchObject({
    servers: { removed: ['added'] },
  })
  expect((await call()).message.error?.code).toBe(-32602)
  expect(await config.rollback(undefined, 't')).toMatchObject({
    ok: true,
    servers: { added: ['added'] },
  })
  expect(textOf(await call())).toMatch(/^\d+$/)
  gateway.configure({ config: { api: { commands: [{ ...ALLOWED, args: [] }] } } })
  expect(await config.reload({ cause: 'api', by: 't' })).toMatchObject({
    servers: { removed: ['added'] },
  })
  expect(await config.rollback(2, 't')).toMatchObject({ ok: true, servers: { added: [] } })
  expect((await call()).message.error?.code).toBe(-32602)
})

test('at each start it is judged once more, whatever led there [entries/commands]', async () => {
  const allowed = hostileServer({ TOOLS: 'echo' })
  const { command, args } = allowed
  const rule = { command, args, env: ['TOOLS'] }
  const none = { addresses: [] }
  await using test = await openTestUpstreams({
    good: { ...allowed, restrictions: { commands: [rule], ...none } },
    bare: { ...allowed, restrictions: { commands: [], ...none } },
    flagged: {
      ...allowed,
      args: ['--inspect', ...args],
      restrictions: { commands: [rule], ...none },
    },
    given: hostileServer(
      { TOOLS: 'echo', LD_PRELOAD: '/x' },
      { restrictions: { commands: [rule], ...none } },
    ),
  })
  expect(await callText(test.upstreams, ['good', 'echo'])).toBe('{}')
  for (const name of ['bare', 'flagged', 'given']) {
    await expect(callText(test.upstreams, [name, 'echo'])).rejects.toMatchObject({
      code: 'command_not_allowed',
      outcome: 'not_sent',
    })
    expect(test.status(name).pids).toEqual([])
  }
})

test('a relative program is looked up as the operator meant it, and started by its whole path', async () => {
  const gateway = await startOpen({
    config: { api: { commands: [{ ...ALLOWED, command: './node' }] } },
  })
  symlinkSync(process.execPath, gateway.path('node'))
  const good = hostileEntry('pid')
  await addServer(gateway, 'added', { ...good, command: path.join(gateway.folder, 'node') })
  await addServer(gateway, 'other', { ...good, command: './node' })
  const client = await PathClient.open(gateway, '/mcp')
  for (const name of ['added__pid', 'other__pid']) {
    expect(textOf(await client.request('tools/call', { name, arguments: {} }))).toMatch(/^\d+$/)
  }
})
