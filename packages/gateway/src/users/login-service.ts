import { randomBytes } from 'node:crypto'
import { userName } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import type { Lockout } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Secret } from '@sallyport/kit/secret'
import type { LoginRecord, LoginStore, UserRecord, UserStore } from '@sallyport/kit/store'
import {
  createSessionSecret,
  csrfTokenOf,
  hashSessionSecret,
  type LoginTokens,
  type NameThrottle,
  type Passwords,
} from '@sallyport/kit/users'
import type { People } from './people.ts'
import { assertPassword } from './user-service.ts'

const LOGINS_PER_USER_MAX = 20
const AGENT_CHARACTERS_MAX = 200

export interface LoginServiceDeps {
  readonly users: Pick<UserStore, 'find' | 'change' | 'loggedIn'>
  readonly logins: Pick<LoginStore, 'create' | 'end'>
  readonly people: People
  readonly passwords: Passwords
  readonly tokens: LoginTokens
  /** Slows down one address; of logins alone. */
  readonly lockout: Pick<Lockout, 'fail' | 'heldMs'>
  /** Slows down guessing of one name. */
  readonly throttle: NameThrottle
  readonly clock: Clock
  /** `auth.login` of the configuration in force. */
  readonly life: () => { readonly lifeMs: number; readonly tokenLifeMs: number }
}

/** Where a login comes from. */
export interface LoginOrigin {
  /** After trusted proxies. */
  readonly address: string
  readonly agent: string
  /** The session's secret that the browser had before, whether or not it is still good. */
  readonly cookie: string | undefined
  readonly signal: AbortSignal
}

export interface LoginWish {
  readonly name: string
  readonly password: string
  readonly kind: LoginRecord['kind']
}

/** A new login with what proves it, which is shown once. */
export interface NewLogin {
  readonly login: LoginRecord
  readonly user: UserRecord
  /** Of a cookie. */
  readonly secret: Secret | undefined
  readonly csrfToken: string | undefined
  /** Of a program. */
  readonly token: string | undefined
}

/** Lets people in, and out again. */
export class LoginService {
  readonly #deps: LoginServiceDeps

  constructor(deps: LoginServiceDeps) {
    this.#deps = deps
  }

  /**
   * Checks name and password; a session that the browser had before ends. Unknown, disabled and wrong are
   * answered alike and take the same time. Source: OWASP ASVS 5.0, 6.3.1, 6.3.8, 7.2.4.
   *
   * @throws {AppError} `login_failed`, `locked_out`, `overloaded`
   */
  async login(wish: LoginWish, origin: LoginOrigin): Promise<NewLogin> {
    const name = wish.name.normalize('NFKC').toLowerCase()
    const before = this.#sessionBefore(origin)
    this.#assertNotHeld(name, origin, before)
    const { users, passwords, lockout, throttle } = this.#deps
    const found = isNamed(name) ? await users.find(name) : undefined
    // An id is no name to log in with.
    const user = found?.name === name ? found : undefined
    const verdict = await passwords.verify(wish.password, user?.password, origin.signal)
    if (verdict === 'wrong' || user === undefined || user.disabledAtMs !== null) {
      throw this.#failed(() => {
        lockout.fail(origin.address)
        throttle.fail(name)
      })
    }
    throttle.succeed(name)
    const rehashed =
      verdict === 'outdated' ? await passwords.hash(wish.password, origin.signal) : undefined
    await users.loggedIn(user, this.#deps.clock.nowMs(), rehashed)
    const made = await this.#begin(user, wish.kind, origin, before?.id)
    // Somebody changed the user in the meantime, perhaps disabled it.
    if (made === undefined) throw this.#failed()
    return made
  }

  /**
   * Changes the own password: all logins end, and the one that asked is made anew.
   *
   * @throws {AppError} `login_failed` for a wrong current one, `locked_out`, `request_invalid`
   */
  async changePassword(
    login: LoginRecord,
    { current, password }: { readonly current: string; readonly password: string },
    origin: LoginOrigin,
  ): Promise<NewLogin> {
    const { users, passwords, throttle, clock } = this.#deps
    const user = await users.find(login.userId)
    if (user === undefined) throw this.#failed()
    // Not the throttle of the name: guesses of others must not stop whoever is in already.
    const counted = `own:${user.id}`
    const heldMs = throttle.heldMs(counted)
    if (heldMs > 0) throw held(heldMs)
    if ((await passwords.verify(current, user.password, origin.signal)) === 'wrong') {
      throw this.#failed(() => throttle.fail(counted))
    }
    throttle.succeed(counted)
    assertPassword(password, user.name)
    if (password.normalize('NFKC') === current.normalize('NFKC')) {
      throw new AppError('request_invalid', 'the password must be another one than before')
    }
    const hash = await passwords.hash(password, origin.signal)
    const change = { password: hash, mustChange: false }
    const basis = { id: user.id, version: user.version }
    const changed = await users.change(basis, change, clock.nowMs())
    const made = await this.#begin(changed, login.kind, origin)
    if (made === undefined) throw this.#failed()
    return made
  }

  /** Ends a login; false when there is none. Counts at once here, and within a second elsewhere. */
  async end(id: string): Promise<boolean> {
    const isEnded = await this.#deps.logins.end(id)
    await this.#deps.people.refresh()
    return isEnded
  }

  /** The live session of the browser that logs in again. */
  #sessionBefore({ cookie }: LoginOrigin): LoginRecord | undefined {
    return cookie === undefined ? undefined : this.#deps.people.bySecret(hashSessionSecret(cookie))
  }

  /** Whoever is logged in in this browser is not kept out by others who guess its name. */
  #assertNotHeld(name: string, { address }: LoginOrigin, before: LoginRecord | undefined): void {
    const known = before && this.#deps.people.userOf(before.userId)
    const byName = known?.name === name ? 0 : this.#deps.throttle.heldMs(name)
    const heldMs = Math.max(byName, this.#deps.lockout.heldMs(address))
    if (heldMs > 0) throw held(heldMs)
  }

  async #begin(
    user: UserRecord,
    kind: LoginRecord['kind'],
    origin: LoginOrigin,
    replaces?: string,
  ): Promise<NewLogin | undefined> {
    const { clock, life, logins, people, tokens } = this.#deps
    const { lifeMs, tokenLifeMs } = life()
    const nowMs = clock.nowMs()
    const secret = createSessionSecret()
    const login: LoginRecord = {
      id: randomBytes(12).toString('base64url'),
      // What a program is given is signed; the secret of its login is known to nobody.
      secretHash: hashSessionSecret(secret.reveal()),
      userId: user.id,
      kind,
      createdAtMs: nowMs,
      seenAtMs: nowMs,
      expiresAtMs: nowMs + (kind === 'cookie' ? lifeMs : tokenLifeMs),
      address: origin.address,
      agent: printable(origin.agent, AGENT_CHARACTERS_MAX),
    }
    const basis = { userVersion: user.version, replaces, perUserMax: LOGINS_PER_USER_MAX }
    if (!(await logins.create(login, basis))) return undefined
    await people.refresh()
    if (kind === 'cookie') {
      const csrfToken = csrfTokenOf(secret.reveal())
      return { login, user, secret, csrfToken, token: undefined }
    }
    const times = { issuedAtMs: nowMs, expiresAtMs: login.expiresAtMs }
    const token = await tokens.sign({ userId: user.id, loginId: login.id, ...times })
    return { login, user, secret: undefined, csrfToken: undefined, token }
  }

  #failed(count: () => void = () => undefined): AppError {
    count()
    return new AppError('login_failed', 'the name or the password is wrong')
  }
}

/** What cannot be a name is not looked for: databases refuse some texts, which would tell them from others. */
function isNamed(text: string): boolean {
  return userName.safeParse(text).success
}

function held(heldMs: number): AppError {
  return new AppError(
    'locked_out',
    'too many logins failed for this name or from this address: try again later',
    { retryAfterMs: Math.ceil(heldMs) },
  )
}
