import type { IncomingMessage } from 'node:http'
import type { LoginItem, LoginMade } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Principal } from '@sallyport/kit/principal'
import type { Secret } from '@sallyport/kit/secret'
import type { LoginRecord } from '@sallyport/kit/store'
import { cookieName, csrfTokenOf, judgePage, readCookie, setCookie } from '@sallyport/kit/users'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { signsOf } from '../users/judges.ts'
import type { LoginOrigin, LoginService, NewLogin } from '../users/login-service.ts'
import { isSecure, ownOrigins, type PageSettings } from '../users/own-pages.ts'
import type { People } from '../users/people.ts'
import { type Ask, addRoutes } from './add-routes.ts'
import { visitOf } from './entrance.ts'
import { toInstant } from './instant.ts'
import { numberKey, page } from './page.ts'

export interface LoginDeps {
  readonly people: People
  readonly loginService: LoginService
  /** How people reach this listener, by the configuration in force. */
  readonly pages: () => PageSettings
  /** The host that a request was sent to, after trusted proxies. */
  readonly hostOf: (req: IncomingMessage) => string | undefined
  /** Counts and records a login that was refused. Must not throw. */
  readonly onLoginFailed: (error: AppError, address: string, requestId: string) => void
  readonly log: Log
}

/** Everything under `/api/v1/auth` and `/api/v1/logins`. */
export function addLoginRoutes(app: FastifyInstance, deps: LoginDeps): void {
  const { people, loginService } = deps
  const items = new LoginItems(people)
  const origin = (request: FastifyRequest, signal: AbortSignal): LoginOrigin => ({
    address: visitOf(request.raw).address,
    agent: request.headers['user-agent'] ?? '',
    cookie: sessionOf(request, deps),
    signal,
  })
  addRoutes(app, {
    'auth.login': async ({ body, by, request, reply, signal }) => {
      if (body.kind === 'cookie') judgeLoginPage(request, deps)
      try {
        const made = await loginService.login(body, origin(request, signal))
        noteLogin(made, by.requestId, deps.log)
        return answerLogin(made, reply, deps, items)
      } catch (thrown) {
        const error = AppError.from(thrown)
        const { address, requestId } = visitOf(request.raw)
        if (error.spec.family === 'rejection') deps.onLoginFailed(error, address, requestId)
        throw error
      }
    },
    'auth.me': ({ caller, request }) => {
      const login = people.loginOf(caller)
      const secret = login?.kind === 'cookie' ? sessionOf(request, deps) : undefined
      return {
        caller: toCaller(caller),
        login: login ? (items.of(login, login) ?? null) : null,
        mustChange: login !== undefined && people.userOf(login.userId)?.mustChange === true,
        ...(secret !== undefined && { csrfToken: csrfTokenOf(secret) }),
      }
    },
    'auth.logout': async ({ caller, reply }) => {
      const login = requireLogin(people, caller)
      await loginService.end(login.id)
      if (login.kind === 'cookie') sendCookie(reply, undefined, deps)
    },
    'auth.password': async ({ body, caller, by, request, reply, signal }) => {
      const login = requireLogin(people, caller)
      const made = await loginService.changePassword(login, body, origin(request, signal))
      noteLogin(made, by.requestId, deps.log)
      return answerLogin(made, reply, deps, items)
    },
    'logins.list': ({ caller, query }) => {
      const current = people.loginOf(caller)
      const shown = [...people.logins].filter((login) => maySee(login, caller, people))
      // Newest first.
      const key = ({ createdAtMs, id }: LoginRecord): string => `${numberKey(createdAtMs)}${id}`
      const found = page(shown, key, query, 'down')
      return { ...found, items: found.items.flatMap((login) => items.of(login, current) ?? []) }
    },
    'logins.end': async ({ params, caller, by }) => {
      await endLogin(params.id, { caller, by }, deps)
    },
  })
}

async function endLogin(
  id: string,
  { caller, by }: Pick<Ask, 'caller' | 'by'>,
  { people, loginService, log }: LoginDeps,
): Promise<void> {
  await people.refresh()
  const login = [...people.logins].find((known) => known.id === id)
  if (login === undefined || !maySee(login, caller, people)) {
    throw new AppError('not_found', 'there is no login of that id')
  }
  if (!isOwn(login, caller) && !caller.permissions.has('users.write')) {
    throw new AppError('forbidden', 'ending the login of somebody else needs users.write')
  }
  await loginService.end(id)
  const { principal, requestId } = by
  log.info({ login: id, user: login.userId, principal: principal.id, requestId }, 'login ended')
}

/** Logins as shown. */
class LoginItems {
  readonly #people: People

  constructor(people: People) {
    this.#people = people
  }

  /** Undefined when its user is gone already. */
  of(login: LoginRecord, current: LoginRecord | undefined): LoginItem | undefined {
    const user = this.#people.userOf(login.userId)
    if (user === undefined) return undefined
    return {
      id: login.id,
      user: { id: user.id, name: user.name },
      kind: login.kind,
      current: login.id === current?.id,
      createdAt: toInstant(login.createdAtMs),
      lastSeenAt: toInstant(this.#people.lastSeenMs(login)),
      expiresAt: toInstant(login.expiresAtMs),
      address: login.address,
      agent: login.agent,
    }
  }
}

function isOwn({ userId }: LoginRecord, caller: Principal): boolean {
  return caller.id === `user:${userId}`
}

function maySee(login: LoginRecord, caller: Principal, people: People): boolean {
  if (!people.isOn(login)) return false
  if (isOwn(login, caller)) return true
  if (!caller.permissions.has('users.read')) return false
  return caller.tenant === null || people.userOf(login.userId)?.tenant === caller.tenant
}

function answerLogin(
  made: NewLogin,
  reply: FastifyReply,
  deps: LoginDeps,
  items: LoginItems,
): LoginMade {
  const { login, user, secret, csrfToken, token } = made
  const item = items.of(login, login)
  // It was ended while it began.
  if (item === undefined) throw new AppError('login_failed', 'the user was removed meanwhile')
  if (secret !== undefined) sendCookie(reply, secret, deps)
  return {
    login: item,
    mustChange: user.mustChange,
    ...(csrfToken !== undefined && { csrfToken }),
    ...(token !== undefined && { token }),
  }
}

function sendCookie(reply: FastifyReply, secret: Secret | undefined, { pages }: LoginDeps): void {
  void reply.header('set-cookie', setCookie(secret, isSecure(pages())))
}

/** The session's secret that a request came with; undefined also for what is none. */
function sessionOf({ raw }: FastifyRequest, { pages }: LoginDeps): string | undefined {
  try {
    return readCookie(raw.rawHeaders, cookieName(isSecure(pages())))
  } catch {
    return undefined // the door judges cookies; here it only spares the owner a wait
  }
}

/** A page of another site must not log its visitor in as somebody else. */
function judgeLoginPage({ raw }: FastifyRequest, { pages, hostOf }: LoginDeps): void {
  const signs = { ...signsOf(raw), method: 'GET' }
  judgePage(signs, { origins: ownOrigins(pages(), hostOf(raw) ?? ''), csrfToken: '' })
}

function requireLogin(people: People, caller: Principal): LoginRecord {
  const login = people.loginOf(caller)
  if (login !== undefined) return login
  throw new AppError(
    'request_invalid',
    'this is for who logged in with a password; the request came with a key or token',
  )
}

function noteLogin({ login, user }: NewLogin, requestId: string, log: Log): void {
  const { id, kind, address } = login
  log.info({ login: id, kind, user: user.id, name: user.name, address, requestId }, 'login begun')
}

function toCaller(caller: Principal): {
  id: string
  kind: string
  name: string
  roles: string[]
  permissions: string[]
  tenant: string | null
} {
  const { id, kind, name, roles, permissions, tenant } = caller
  return { id, kind, name, roles: [...roles], permissions: [...permissions], tenant }
}
