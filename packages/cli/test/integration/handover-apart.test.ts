import { readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestGateway } from '../fixtures/gateway.ts'
import { isRunning } from '../fixtures/processes.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { Supervised } from '../fixtures/supervised.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, LegacySession, textOf } from '../fixtures/wire.ts'

async function lockedPid(files: TestGateway): Promise<number> {
  const { code, stderr } = await files.command(['up', '--json'])
  expect(code).toBe(1)
  return Number(/the process with pid (\d+) uses the store/.exec(stderr)?.[1])
}

const echo = (supervised: Supervised, message: string): Promise<string> =>
  callTool(supervised.target, 'own__echo', { message }).then(textOf)

test('a new gateway that fails after it took the lock leaves the running one as it was, and the next one takes over [handover/takes-back]', async () => {
  await using supervised = await Supervised.start({
    config: { mcpServers: { own: stdioServer() } },
  })
  const { files } = supervised
  const { pid } = supervised.current
  expect(await echo(supervised, 'before')).toBe('before')

  const keyFile = `${files.storeFile}.key`
  await rename(keyFile, `${keyFile}.kept`)
  await writeFile(keyFile, `${'cd'.repeat(32)}\n`, { mode: 0o600 })
  supervised.ask()
  await waitUntil('the running one to go on', () => supervised.logs.includes('this one goes on'))
  await rename(`${keyFile}.kept`, keyFile)
  expect(supervised.logs).toContain('does not hold the key this store was made with')
  expect(await echo(supervised, 'between')).toBe('between')
  expect(await files.json(['servers', 'list'])).toMatchObject({
    items: [{ name: 'own', state: 'ready' }],
  })
  expect(await lockedPid(files)).toBe(pid)

  const next = await supervised.handOver()
  expect(next.pid).not.toBe(pid)
  expect(await echo(supervised, 'after')).toBe('after')
})

test('a gateway on other sockets, or on none of the parent’s, is refused with the pid of the one that runs, which serves on [handover/refused]', async () => {
  await using supervised = await Supervised.start({
    config: { mcpServers: { own: stdioServer() } },
  })
  const { pid, data } = supervised.current
  expect(await lockedPid(supervised.files)).toBe(pid)
  const other = Supervised.on(supervised.files, { TEST_TOKEN: supervised.token })
  await expect(other).rejects.toThrow(
    new RegExp(
      `the gateway with pid ${pid} serves on ${new URL(data).host}, not on 127.0.0.1:\\d+`,
    ),
  )
  expect(await echo(supervised, 'still')).toBe('still')
  expect(await lockedPid(supervised.files)).toBe(pid)
})

test('a call in flight is finished by the server of the gateway that leaves, and its session goes on with the next [handover/children] [handover/sessions]', async () => {
  await using supervised = await Supervised.start({
    config: {
      mcpServers: { own: stdioServer({ EVENTS_FILE: './events.jsonl' }) },
    },
  })
  const session = await LegacySession.open(supervised.target)
  const running = session.call('own__wait', { ms: 2_500 })
  const events = join(supervised.dir, 'events.jsonl')
  await waitUntil('the call', async () =>
    (await serverEvents(events)).some(({ tool }) => tool === 'wait'),
  )
  const old = supervised.current
  supervised.ask()
  await supervised.next(2)
  expect(textOf(await session.call('own__echo', { message: 'meanwhile' }))).toBe('meanwhile')
  expect(await isRunning(old.pid)).toBe(true)
  expect(textOf(await running)).toBe('waited')
  await waitUntil('the old one to end', async () => !(await isRunning(old.pid)))
  const spawned = (await serverEvents(events)).filter(({ event }) => event === 'spawn')
  expect(spawned).toHaveLength(2)
  const alive = await Promise.all(spawned.map(({ pid = 0 }) => isRunning(pid)))
  expect(alive).toEqual([false, true])
  expect(textOf(await session.call('own__echo', { message: 'after' }))).toBe('after')
})

test('no server gets the sockets that the gateway inherited, before and after a handover [handover/fd/children]', async () => {
  await using supervised = await Supervised.start({
    config: { mcpServers: { own: stdioServer() } },
  })
  const inherited = await socketsOf(supervised.current.pid, ['3', '4'])
  expect(inherited).toHaveLength(2)
  for (const round of ['before', 'after']) {
    expect(await echo(supervised, round)).toBe(round)
    const servers = await waitUntil('the server', async () => {
      const all = await supervised.files.children()
      const found = all.filter(({ command }) => command.includes('stdio-server.ts'))
      return found.length === 1 ? found : undefined
    })
    const open = await socketsOf(servers[0]?.pid ?? 0)
    expect(open.filter((socket) => inherited.includes(socket))).toEqual([])
    if (round === 'before') await supervised.handOver()
  }
})

test('a socket on every address without authentication is refused, whatever the file says of its address [handover/fd/real]', async () => {
  await using files = await TestGateway.create({
    config: { listen: '127.0.0.1:0', auth: { anonymous: true } },
  })
  await expect(Supervised.on(files, {}, '0.0.0.0:0')).rejects.toThrow(
    /auth.anonymous: `listen` is not on loopback and would be without authentication/,
  )
  await using keyless = await TestGateway.create({ config: { listen: '127.0.0.1:0', auth: {} } })
  await expect(Supervised.on(keyless, {}, '0.0.0.0:0')).rejects.toThrow(
    /`listen` is not on loopback and has no authentication/,
  )
  expect(await readdir(keyless.dir)).not.toContain('data/sallyport.db.first-key')
})

test('a socket is given by its number in the file as well, and a reload keeps it [handover/fd]', async () => {
  await using supervised = await Supervised.start({
    config: { listen: 'fd:3', admin: 'fd:4', mcpServers: { own: stdioServer() } },
  })
  const { data } = supervised.current
  expect(await echo(supervised, 'served')).toBe('served')
  const text = JSON.parse(await readFile(supervised.files.configFile, 'utf8')) as object // written above
  const changed = { ...text, mcpServers: { own: stdioServer(), other: stdioServer() } }
  await writeFile(supervised.files.configFile, JSON.stringify(changed))
  const report = await supervised.files.json<{ ok: boolean; problems: object[] }>([
    'config',
    'reload',
  ])
  expect(report).toMatchObject({ ok: true, problems: [] })
  expect(new URL(supervised.url).origin).toBe(data)
  expect(await echo(supervised, 'on')).toBe('on')
})

async function socketsOf(pid: number, fds?: readonly string[]): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  const links = (fds ?? (await readdir(folder))).map((fd) =>
    readlink(`${folder}/${fd}`).catch(() => ''),
  )
  return (await Promise.all(links)).filter((link) => link.startsWith('socket:'))
}
