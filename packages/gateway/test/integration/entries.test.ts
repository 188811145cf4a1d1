import { expect, test } from 'vitest'
import { addServer, ALLOWED, ask, codeOf, startOpen } from '../fixtures/entries.ts'
import { PathClient } from '../fixtures/path-client.ts'
import { failureOf, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry } from '../fixtures/test-gateway.ts'

const call = async (client: PathClient, name: string, given: object = {}) =>
  textOf(await client.request('tools/call', { name, arguments: given }))

test('a server that is added is called at once, after a reload and after a restart [entries/kept]', async () => {
  const gateway = await startOpen({ mcpServers: { own: hostileEntry('pid') } })
  const made = await addServer(gateway, 'added', hostileEntry('pid'))
  expect(made.etag).toBe('"1"')
  expect(made.json).toMatchObject({ name: 'added', source: 'api', version: 1, inForce: true })
  const client = await PathClient.open(gateway, '/mcp')
  const pid = await call(client, 'added__pid')
  expect(pid).toMatch(/^\d+$/)
  gateway.configure({
    mcpServers: { own: hostileEntry('pid'), more: hostileEntry('pid') },
    config: { api: { commands: [ALLOWED] } },
  })
  const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
  expect(report).toMatchObject({ ok: true, servers: { kept: ['own', 'added'], added: ['more'] } })
  expect(await call(client, 'added__pid')).toBe(pid)
  await gateway.restart()
  const later = await PathClient.open(gateway, '/mcp')
  expect(await call(later, 'added__pid')).toMatch(/^\d+$/)
  const { json } = await ask(gateway, 'GET', '/servers/added/definition')
  expect(json).toMatchObject({ source: 'api', version: 1, changedBy: 'local' })
})

test('groups and endpoints are added, changed and removed the same way [entries/kept]', async () => {
  const gateway = await startOpen({ mcpServers: { one: hostileEntry('pid') } })
  await addServer(gateway, 'two', hostileEntry('pid'))
  const group = { name: 'both', definition: { members: ['one', 'two'] } }
  expect(await ask(gateway, 'POST', '/groups', { body: group })).toMatchObject({ status: 201 })
  const endpoint = { name: 'desk', definition: { servers: ['both'] } }
  const desk = await ask(gateway, 'POST', '/endpoints', { body: endpoint })
  expect(desk.status).toBe(201)
  await gateway.restart()
  const client = await PathClient.open(gateway, '/mcp/desk')
  expect(await client.names('tools/list')).toEqual(['both__pid'])
  expect(await call(client, 'both__pid')).toMatch(/^\d+$/)
  const body = { definition: { servers: ['one'] } }
  const changed = await ask(gateway, 'PUT', '/endpoints/desk', { body, version: 3 })
  expect(changed).toMatchObject({ status: 200, etag: '"4"' })
  expect(await client.names('tools/list')).toEqual(['one__pid'])
  expect(await ask(gateway, 'DELETE', '/endpoints/desk', { version: 4 })).toMatchObject({
    status: 204,
  })
  expect((await client.request('tools/list')).status).toBe(404)
  const list = await ask(gateway, 'GET', '/endpoints')
  expect(list.json).toEqual({ items: [] })
})

test('what another needs is not removed, and what is refused changes nothing [entries/whole]', async () => {
  const gateway = await startOpen({ mcpServers: { one: hostileEntry('pid') } })
  await addServer(gateway, 'two', hostileEntry('pid'))
  const group = { name: 'both', definition: { members: ['one', 'two'] } }
  await ask(gateway, 'POST', '/groups', { body: group })
  const removed = await ask(gateway, 'DELETE', '/servers/two', { version: 1 })
  expect(removed.status).toBe(409)
  expect(removed.text).toContain('both')
  const lost = { name: 'lost', definition: { members: ['nobody'] } }
  const refused = await ask(gateway, 'POST', '/groups', { body: lost })
  expect([refused.status, codeOf(refused)]).toEqual([422, 'config_invalid'])
  expect(refused.text).toContain('there is no server `nobody`')
  const { json } = await ask(gateway, 'GET', '/entries')
  expect(json).toMatchObject({ items: [{ name: 'both' }, { name: 'two' }] })
  expect((await ask(gateway, 'DELETE', '/groups/both', { version: 2 })).status).toBe(204)
  expect((await ask(gateway, 'DELETE', '/servers/two', { version: 1 })).status).toBe(204)
})

test('what the file defines cannot be changed, removed or added again [entries/file-first]', async () => {
  const gateway = await startOpen({ mcpServers: { own: hostileEntry('pid') } })
  const definition = hostileEntry('pid')
  const attempts = await Promise.all([
    ask(gateway, 'POST', '/servers', { body: { name: 'own', definition } }),
    ask(gateway, 'POST', '/groups', { body: { name: 'own', definition: { members: ['own'] } } }),
    ask(gateway, 'PUT', '/servers/own', { body: { definition }, version: 1 }),
    ask(gateway, 'DELETE', '/servers/own', { version: 1 }),
  ])
  for (const answer of attempts) expect([answer.status, codeOf(answer)]).toEqual([409, 'conflict'])
  const { json } = await ask(gateway, 'GET', '/servers/own/definition')
  expect(json).toMatchObject({ source: 'file', version: null, definition: null })
})

test('a change without a version, or with an older one, is refused [entries/versions]', async () => {
  const gateway = await startOpen()
  await addServer(gateway, 'added', hostileEntry('pid'))
  const body = { definition: hostileEntry('pid,sleep') }
  const without = await ask(gateway, 'PUT', '/servers/added', { body })
  expect([without.status, codeOf(without)]).toEqual([428, 'version_required'])
  const many = await Promise.all(
    Array.from({ length: 8 }, () => ask(gateway, 'PUT', '/servers/added', { body, version: 1 })),
  )
  expect(many.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(412)])
  const old = await ask(gateway, 'DELETE', '/servers/added', { version: 1 })
  expect([old.status, codeOf(old)]).toEqual([412, 'version_conflict'])
  expect((await ask(gateway, 'DELETE', '/servers/added', { version: '*' })).status).toBe(400)
  expect((await ask(gateway, 'DELETE', '/servers/added')).status).toBe(428)
  expect((await ask(gateway, 'DELETE', '/servers/added', { version: 2 })).status).toBe(204)
  expect((await ask(gateway, 'DELETE', '/servers/added', { version: 2 })).status).toBe(404)
})

test('what fits the file no more is left out with a warning, and comes back once it fits [entries/left-out]', async () => {
  const gateway = await startOpen()
  await addServer(gateway, 'added', hostileEntry('pid'))
  const group = { name: 'all', definition: { members: ['added'] } }
  await ask(gateway, 'POST', '/groups', { body: group })
  // The file takes the name, and the program is allowed no more.
  gateway.configure({ mcpServers: { all: hostileEntry('pid') } })
  await gateway.restart()
  const { json } = await ask(gateway, 'GET', '/entries')
  expect(json).toMatchObject({
    items: [
      {
        name: 'all',
        inForce: false,
        reason: expect.stringContaining('the file defines the server'),
      },
      { name: 'added', inForce: false, reason: expect.stringContaining('`api.commands`') },
    ],
  })
  const client = await PathClient.open(gateway, '/mcp')
  expect(await client.names('tools/list')).toEqual(['all__pid'])
  gateway.configure({ config: { api: { commands: [ALLOWED] } } })
  const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
  expect(report).toMatchObject({ ok: true, servers: { added: ['added'], removed: ['all'] } })
  expect(await call(client, 'all__pid')).toMatch(/^\d+$/)
})

test('a reference or a path of the machine is refused wherever it stands [entries/references]', async () => {
  const gateway = await startOpen()
  const base = hostileEntry('pid')
  const url = 'http://127.0.0.1:1/mcp'
  const attempts: object[] = [
    { ...base, env: { TOOLS: '${env:HOME}' } },
    { ...base, env: { TOOLS: '${file:/etc/passwd}' } },
    { ...base, env: { TOOLS: '$${' } },
    { ...base, description: 'a ${command:id} b' },
    { ...base, owner: '${env:PATH:-x}' },
    { url, headers: { Authorization: 'Bearer ${file:/etc/shadow}' } },
    { url, health: { call: { tool: 'x', args: { deep: [{ er: '${env:A}' }] } } } },
    { ...base, cwd: '/' },
    { ...base, roots: ['file:///'] },
    { ...base, roots: 'client' },
    { url: 'https://127.0.0.1:1/mcp', tls: { ca: '/etc/passwd' } },
    { url, proxy: 'http://10.0.0.1:3128' },
  ]
  for (const [at, definition] of attempts.entries()) {
    const answer = await ask(gateway, 'POST', '/servers', { body: { name: `n${at}`, definition } })
    expect([definition, answer.status, codeOf(answer)]).toEqual([
      definition,
      400,
      'request_invalid',
    ])
  }
  expect((await ask(gateway, 'GET', '/entries')).json).toEqual({ items: [] })
})

test('secrets are never given back, and stay only while program and address do [entries/secrets]', async () => {
  const gateway = await startOpen()
  const secret = 'tHe-5ecret-0f-the-server'
  const definition = {
    url: 'http://127.0.0.1:9/mcp',
    headers: { 'X-Own': secret, 'X-Other': 'also-secret' },
  }
  const made = await addServer(gateway, 'far', definition)
  const seen = await ask(gateway, 'GET', '/servers/far/definition')
  const listed = await ask(gateway, 'GET', '/entries')
  for (const { text } of [made, seen, listed]) expect(text).not.toMatch(/tHe-5ecret|also-secret/)
  expect(seen.json).toMatchObject({ definition: { headers: { 'X-Own': '[redacted]' } } })
  // What was read is sent back with something else changed.
  const same = { ...definition, headers: { 'X-Own': '[redacted]', 'X-Other': 'new' }, owner: 'me' }
  const kept = await ask(gateway, 'PUT', '/servers/far', { body: { definition: same }, version: 1 })
  expect(kept.status).toBe(200)
  const without = { url: definition.url, owner: 'you' }
  const again = await ask(gateway, 'PUT', '/servers/far', {
    body: { definition: without },
    version: 2,
  })
  expect(again.json).toMatchObject({ definition: { headers: { 'X-Own': '[redacted]' } } })
  // Whoever may change the address does not get the secret that way.
  for (const headers of [undefined, { 'X-Own': '[redacted]' }]) {
    const body = { definition: { url: 'http://127.0.0.1:10/mcp', headers } }
    const moved = await ask(gateway, 'PUT', '/servers/far', { body, version: 3 })
    expect([moved.status, codeOf(moved)]).toEqual([400, 'request_invalid'])
  }
  const fresh = { definition: { url: 'http://127.0.0.1:10/mcp', headers: {} } }
  const moved = await ask(gateway, 'PUT', '/servers/far', { body: fresh, version: 3 })
  expect(moved.json).toMatchObject({ definition: { headers: {} } })
})

test('each change is a line of the log with who made it [entries/log]', async () => {
  const gateway = await startOpen()
  const lines: string[] = []
  const line = (fields: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log = { debug: line, info: line, warn: line, error: line, child: () => log }
  gateway.log = log
  await gateway.restart()
  const secret = { TOOLS: 'pid', SECRET: 'kX9v2mQ7tR4wZ8pL3nB6yD1sF5hJ0gCa' }
  await addServer(gateway, 'added', { ...hostileEntry('pid'), env: secret })
  const body = { definition: hostileEntry('pid') }
  await ask(gateway, 'PUT', '/servers/added', { body, version: 1 })
  await ask(gateway, 'DELETE', '/servers/added', { version: 2 })
  for (const action of ['added', 'changed', 'removed']) {
    const own = lines.filter((text) => text.startsWith(`server ${action} over the admin API`))
    expect(own).toHaveLength(1)
    expect(own[0]).toMatch(/"name":"added".*"principal":"local","requestId":"/)
  }
  expect(lines.join()).not.toContain(secret.SECRET)
})

test('a call to a server that was removed is answered as one to a name that never was', async () => {
  const gateway = await startOpen()
  await addServer(gateway, 'added', hostileEntry('pid'))
  const client = await PathClient.open(gateway, '/mcp')
  await call(client, 'added__pid')
  await ask(gateway, 'DELETE', '/servers/added', { version: 1 })
  const { message } = await client.request('tools/call', { name: 'added__pid', arguments: {} })
  expect([message.error?.code, failureOf({ message } as never)]).toEqual([-32602, undefined])
})

test('no more are added than `api.entries` allows, and a smaller number leaves the newest out', async () => {
  const api = { commands: [ALLOWED], entries: 2 }
  const gateway = await startOpen({ config: { api } })
  await addServer(gateway, 'b', hostileEntry('pid'))
  await addServer(gateway, 'a', hostileEntry('pid'))
  const body = { name: 'c', definition: hostileEntry('pid') }
  const refused = await ask(gateway, 'POST', '/servers', { body })
  expect([refused.status, codeOf(refused)]).toEqual([409, 'conflict'])
  expect(refused.text).toContain('`api.entries`')
  gateway.configure({ config: { api: { ...api, entries: 1 } } })
  await gateway.restart()
  const { json } = await ask(gateway, 'GET', '/entries')
  expect(json).toMatchObject({
    items: [
      { name: 'a', inForce: false },
      { name: 'b', inForce: true },
    ],
  })
})

test('what is no definition is refused by the shape of it, and nothing of it is said', async () => {
  const gateway = await startOpen()
  const secret = 'kX9v2mQ7tR4wZ8pL3nB6yD1sF5hJ0gCa'
  const bodies: unknown[] = [
    { name: 'a' },
    { definition: { url: 'https://example.com/' } },
    { name: 'sallyport', definition: { url: 'https://example.com/' } },
    { name: '../a', definition: { url: 'https://example.com/' } },
    { name: '__proto__', definition: { url: 'https://example.com/' } },
    { name: 'a', definition: { url: 'https://example.com/', token: secret } },
    { name: 'a', definition: { url: 'https://example.com/', headers: { Host: secret } } },
    { name: 'a', definition: { url: 'https://example.com/', headers: { X: `${secret}\r\nY: z` } } },
    { name: 'a', definition: { command: 'a', url: 'https://example.com/' } },
    { name: 'a', definition: { command: 'a\0b' } },
    { name: 'a', definition: [] },
    { name: 'a', definition: null },
    { name: 'a', definition: { url: 'https://example.com/', constructor: {} } },
    {
      name: 'a',
      definition: { url: 'https://example.com/', restrictions: { addresses: ['0.0.0.0/0'] } },
    },
    { name: 'a', definition: { url: 'https://example.com/', hostHeader: 'localhost' } },
    { name: 'a', definition: { url: 'https://example.com/' }, source: 'file' },
    [],
    'text',
  ]
  for (const body of bodies) {
    const answer = await ask(gateway, 'POST', '/servers', { body })
    expect([body, answer.status]).toEqual([body, 400])
    expect(answer.text).not.toContain(secret)
  }
  const polluting =
    '{"name":"p","definition":{"url":"https://example.com/","__proto__":{"restrictions":1}}}'
  const answer = await ask(gateway, 'POST', '/servers', { body: JSON.parse(polluting) as unknown })
  expect(answer.status).toBe(400)
  const large = { url: 'https://example.com/', description: 'x'.repeat(70_000) }
  expect(
    (await ask(gateway, 'POST', '/servers', { body: { name: 'a', definition: large } })).status,
  ).toBe(413)
  expect((await ask(gateway, 'GET', '/entries')).json).toEqual({ items: [] })
})
