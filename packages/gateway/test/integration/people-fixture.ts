import { request } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { userMade } from '@sallyport/contract/admin'
import { type Clock, ManualClock, systemClock } from '@sallyport/kit/clock'
import {
  builtInGrants,
  createKey,
  Credentials,
  Door,
  type GrantResolver,
  Lockout,
} from '@sallyport/kit/door'
import { openListener } from '@sallyport/kit/http'
import { RateLimits } from '@sallyport/kit/limits'
import { createLog, silentLog } from '@sallyport/kit/log'
import { openStore, type Store } from '@sallyport/kit/store'
import { LoginTokens, NameThrottle, Passwords } from '@sallyport/kit/users'
import { type AdminDeps, createAdminApp, LOCAL_ADMIN } from '../../src/admin/index.ts'
import { LoginTokenJudge, SessionJudge } from '../../src/users/judges.ts'
import { LoginService } from '../../src/users/login-service.ts'
import type { PageSettings } from '../../src/users/own-pages.ts'
import { People } from '../../src/users/people.ts'
import { UserService } from '../../src/users/user-service.ts'

const LIMITS = {
  headerBytes: 32_768,
  requestMs: 5_000,
  connections: 1_000,
  connectionsPerAddress: 1_000,
}

/** Costs next to nothing, so that a test may log in a thousand times. */
export const CHEAP = { log2n: 2, r: 1, p: 1 } as const
export const PASSWORD = 'seven brown foxes'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  // What a test expects of it, it says itself.
  readonly json: never
}

export interface PeopleOptions {
  readonly clock?: Clock
  readonly pages?: PageSettings
  readonly keys?: () => readonly Uint8Array[]
  readonly grants?: GrantResolver
  readonly lockoutFailures?: number
}

/** An embedded store in a folder of its own. */
export async function openFolderStore(scope: AsyncDisposableStack): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-users-'))
  scope.defer(() => rmSync(folder, { recursive: true, force: true }))
  return scope.use(await openStoreAt(`sqlite:${join(folder, 'store.db')}`))
}

export function openStoreAt(location: string): Promise<Store> {
  return openStore({
    location,
    keys: { deriveKey: (purpose) => Buffer.alloc(32, purpose) },
    clock: systemClock,
    log: silentLog,
  })
}

/** The part of a gateway where people log in: door, admin API and listener on a store. */
export async function openPeople(store: Store, options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const { clock = systemClock, pages = { admin: { host: '127.0.0.1' } } } = options
  const { grants = builtInGrants(), keys = () => [Buffer.alloc(32, 'key')] } = options
  const lines: string[] = []
  const refused: string[] = []
  const ended: string[] = []
  const log = createLog({
    ...{ level: 'debug', json: true },
    destination: { write: (line) => lines.push(line) },
  })
  const people = opening.use(
    await People.start({
      ...{ users: store.users, logins: store.logins, changes: store.changes },
      ...{ clock, grants, log: silentLog },
      idleMs: () => 30 * 60_000,
      onEnded: (id) => ended.push(id),
      pollEveryMs: 100,
    }),
  )
  const passwords = new Passwords(CHEAP)
  const tokens = new LoginTokens({ keys, name: 'test' }, clock)
  const { users, logins } = store
  const failures = options.lockoutFailures ?? 0
  const lockout = new Lockout(clock, { failures, windowMs: 60_000, holdMs: 60_000 })
  const throttle = new NameThrottle(clock)
  const changed = (): Promise<void> => people.refresh()
  const userService = new UserService({ users, passwords, grants, clock, changed })
  const loginService = new LoginService({
    ...{ users, logins, people, passwords, tokens, clock, lockout, throttle },
    life: () => ({ lifeMs: 12 * 3_600_000, tokenLifeMs: 3_600_000 }),
  })
  const credentials = new Credentials(clock, [])
  const door = new Door(
    {
      host: '127.0.0.1',
      allowedHosts: ['admin.example.com'],
      origins: ['https://pages.example.com'],
      trustedProxies: [],
      anonymous: false,
      publicUrl: pages.publicUrl,
    },
    {
      credentials,
      rates: new RateLimits(clock, { capacity: 100_000, refillPerSecond: 1 }),
      lockout: new Lockout(clock, { failures: 0, windowMs: 60_000, holdMs: 60_000 }),
      onRefused: () => undefined,
      tokens: [new LoginTokenJudge(people, tokens)],
      cookies: new SessionJudge(people, () => pages),
    },
  )
  const unused = new Proxy({}, { get: () => () => undefined }) as AdminDeps // nothing else is asked
  const app = opening.use(
    createAdminApp({
      ...unused,
      entrance: { door, host: '127.0.0.1', protectMetrics: true },
      ...{ log, clock, people, userService, loginService },
      pages: () => pages,
      hostOf: (req) => door.hostOf(req),
      onLoginFailed: (error) => refused.push(error.code),
    }),
  )
  const address = { host: '127.0.0.1', port: 0 }
  const tcp = opening.use(await openListener({ address, handler: app.handle, limits: LIMITS }))
  await app.load()
  const signal = AbortSignal.timeout(60_000)
  const create = async (name: string, roles = ['admin'], tenant: string | null = null) => {
    const input = { name, roles, tenant, password: PASSWORD, mustChange: false }
    return (await userService.create(input, { caller: LOCAL_ADMIN, signal })).user
  }
  const key = (role: string, tenant: string | null = null): string => {
    const made = createKey({ name: `${role}-${tenant}`, role, tenant, expiresAtMs: null, clock })
    credentials.replaceKeys([made.record])
    return made.text.reveal()
  }
  const ask = (url: string, asked: Asked = {}) => send(tcp.port, url, asked)
  const resources = opening.move()
  return {
    ...{ people, userService, loginService, passwords, throttle, lines, refused, ended, door },
    ...{ port: tcp.port, host: `127.0.0.1:${tcp.port}`, store, ask, create, key, tokens },
    login: (name: string, changes: object = {}, headers: Asked['headers'] = {}) =>
      ask('/api/v1/auth/login', {
        method: 'POST',
        body: { name, password: PASSWORD, ...changes },
        headers,
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

export type TestPeople = Awaited<ReturnType<typeof openPeople>>

/** The cookie as a browser sends it back. */
export function cookieOf({ headers }: Answered): string {
  const [line = ''] = [headers['set-cookie'] ?? []].flat()
  return line.split(';')[0] ?? ''
}

/** Headers with which one of our pages changes something. */
export function pageHeaders(login: Answered): Record<string, string> {
  const { csrfToken } = login.json as { csrfToken: string }
  return { cookie: cookieOf(login), 'x-csrf-token': csrfToken, 'sec-fetch-site': 'same-origin' }
}

export function bearerOf(login: Answered): Record<string, string> {
  return { authorization: `Bearer ${(login.json as { token: string }).token}` }
}

export function codeOf({ json }: Answered): string {
  return (json as { error: { code: string } }).error.code
}

export { ManualClock, userMade }

function send(
  port: number,
  url: string,
  { method = 'GET', headers, body }: Asked,
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  const text = body === undefined ? undefined : JSON.stringify(body)
  const all = {
    host: `127.0.0.1:${port}`,
    ...(text === undefined && method !== 'GET' && { 'content-length': '0' }),
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': `${Buffer.byteLength(text)}`,
    }),
    ...headers,
  }
  // Flat, as Node would join repeated ones.
  const lines = Object.entries(all).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each]),
  )
  const sent = request(
    { port, host: '127.0.0.1', path: url, method, agent: false, headers: lines },
    async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
      const answer = Buffer.concat(chunks).toString()
      const isJson = response.headers['content-type']?.includes('json') === true
      resolve({
        ...{ status: response.statusCode ?? 0, headers: response.headers, text: answer },
        json: (isJson ? JSON.parse(answer) : undefined) as never,
      })
    },
  )
  sent.on('error', reject)
  sent.end(text)
  return promise
}
