import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { UserList, UserMade } from '@sallyport/contract/admin'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'

const OWN = 'a password of my own'

interface Login {
  readonly token: string
  readonly mustChange: boolean
}

async function post(gateway: TestGateway, path: string, body: object, token?: string) {
  const answer = await fetch(`${gateway.admin}/api/v1/auth/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, login: (await answer.json()) as Login } // of this shape where it is 200
}

async function statusOf(gateway: TestGateway, token: string, base = gateway.admin) {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${base}/api/v1/users`, { headers })).status
}

test('the first admin is made by bootstrap alone, changes the password that was made, and lets others in [users/bootstrap] [users/must-change] [users/login/admin-only]', async () => {
  await using gateway = await startGateway()
  const made = await gateway.json<UserMade>(['admin', 'bootstrap'])
  expect(made.user).toMatchObject({ name: 'admin', roles: ['admin'], mustChange: true })
  const again = await gateway.command(['admin', 'bootstrap', 'second'])
  expect([again.code, again.stdout]).toEqual([1, ''])
  expect(again.stderr).toContain('an admin exists')

  const password = made.password ?? ''
  const first = await post(gateway, 'login', { name: 'admin', password, kind: 'bearer' })
  expect(first).toMatchObject({ status: 200, login: { mustChange: true } })
  expect(await statusOf(gateway, first.login.token)).toBe(403)
  const change = { current: password, password: OWN }
  const second = await post(gateway, 'password', change, first.login.token)
  expect(second).toMatchObject({ status: 200, login: { mustChange: false } })
  expect(await statusOf(gateway, first.login.token)).toBe(401)
  expect(await statusOf(gateway, second.login.token)).toBe(200)
  // The data listener is for keys and tokens.
  expect(await statusOf(gateway, second.login.token, gateway.data)).toBe(401)
  const wish = { name: 'admin', password: OWN }
  const page = await fetch(`${gateway.admin}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  })
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
  expect(cookie).toMatch(/^sallyport=/)
  const atData = await fetch(`${gateway.data}/mcp`, { headers: { cookie } })
  expect(await atData.text()).toContain('credential_missing')

  await gateway.json(['users', 'disable', 'admin']).then(
    () => expect.unreachable('the last admin was disabled'),
    (thrown: unknown) => expect(String(thrown)).toContain('the last admin who can log in'),
  )
  await gateway.json(['users', 'create', 'bob', '--role', 'admin', '--role', 'caller'])
  await gateway.json(['users', 'disable', 'admin'])
  expect(await statusOf(gateway, second.login.token)).toBe(401)
  const reset = await gateway.command(['admin', 'reset', 'admin', '--password-stdin'], `${OWN}!\n`)
  expect(reset).toMatchObject({ code: 0, stdout: 'admin may log in\n' })
  const third = await post(gateway, 'login', { name: 'admin', password: `${OWN}!`, kind: 'bearer' })
  expect(await statusOf(gateway, third.login.token)).toBe(200)
  expect(gateway.logs).not.toContain(password)
  expect(gateway.logs).not.toContain(OWN)
})

test('a person who is disabled is out of an open stream within a second, by a command beside the gateway [users/changes/end]', async () => {
  await using gateway = await startGateway()
  const stdin = `${OWN}\n`
  await gateway.command(['admin', 'bootstrap', 'root', '--password-stdin'], stdin)
  const role = ['--role', 'operator', '--password-stdin', '--json']
  await gateway.command(['users', 'create', 'bob', ...role], stdin)
  const first = await post(gateway, 'login', { name: 'bob', password: OWN, kind: 'bearer' })
  const change = { current: OWN, password: `${OWN}!` }
  const { login } = await post(gateway, 'password', change, first.login.token)
  const headers = { authorization: `Bearer ${login.token}` }
  const stream = await fetch(`${gateway.admin}/api/v1/events`, { headers })
  expect(stream.status).toBe(200)
  const reading = stream.text()
  await gateway.json(['users', 'disable', 'bob'])
  const late = new Promise((resolve) => setTimeout(resolve, 1_000, 'late').unref())
  expect(
    await Promise.race([
      reading.then(
        () => 'ended',
        () => 'cut',
      ),
      late,
    ]),
  ).not.toBe('late')
})

test('users are made, changed and removed while no gateway runs [users/commands]', async () => {
  await using gateway = await startGateway()
  await gateway.stop()
  const stdin = `${OWN}\n`
  const made = await gateway.command(['admin', 'bootstrap', 'root', '--password-stdin'], stdin)
  expect(made).toMatchObject({ code: 0, stdout: 'root may log in\n' })
  const weak = await gateway.command(['users', 'create', 'eve', '--password-stdin'], 'eve\n')
  expect(weak.stderr).toContain('the password must have 12 to 1024 characters, got 3')
  await gateway.json(['users', 'create', 'eve'])
  await gateway.json(['users', 'change', 'eve', '--name', 'eva', '--role', 'auditor'])
  await gateway.json(['users', 'disable', 'eva'])
  const { items } = await gateway.json<UserList>(['users', 'list'])
  expect(items.map(({ name, roles, disabledAt }) => [name, roles, disabledAt !== null])).toEqual([
    ['eva', ['auditor'], true],
    ['root', ['admin'], false],
  ])
  await gateway.json(['users', 'enable', 'eva'])
  await gateway.json(['users', 'remove', 'eva'])
  expect((await gateway.command(['users', 'remove', 'eva'])).stderr).toContain('no user of that')
  expect((await gateway.command(['users', 'list'])).stdout).toContain('active')
  await gateway.restart()
  const login = await post(gateway, 'login', { name: 'root', password: OWN, kind: 'bearer' })
  expect(await statusOf(gateway, login.login.token)).toBe(200)
})

test('the login key is rotated by reloads; a token of a key that is gone is refused [users/token/rotation]', async () => {
  const [old, next] = ['k3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0AbZq', 'Wm8sT2uXe6Kj0Vr4Ga7Ln1Fo5Ch9Bi3DyP']
  await using gateway = await startGateway({ config: { auth: { login: { key: old } } } })
  await gateway.command(['admin', 'bootstrap', 'root', '--password-stdin'], `${OWN}\n`)
  const login = async () =>
    (await post(gateway, 'login', { name: 'root', password: OWN, kind: 'bearer' })).login.token
  const keys = async (key: readonly string[]) => {
    const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
    await writeFile(gateway.configFile, JSON.stringify({ ...config, auth: { login: { key } } }))
    await gateway.json(['config', 'reload'])
  }
  const first = await login()
  await keys([old, next])
  await keys([next, old])
  const second = await login()
  expect([await statusOf(gateway, first), await statusOf(gateway, second)]).toEqual([200, 200])
  await keys([next])
  expect([await statusOf(gateway, first), await statusOf(gateway, second)]).toEqual([401, 200])
  const shown = await gateway.command(['config', 'history'])
  expect(shown.stdout + gateway.logs).not.toMatch(new RegExp(`${old}|${next}`))
})
