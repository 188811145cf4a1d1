import type { IncomingMessage } from 'node:http'
import type { CookieJudge, Pending, TokenJudge } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import type { LoginRecord } from '@sallyport/kit/store'
import {
  cookieName,
  csrfTokenOf,
  hashSessionSecret,
  judgePage,
  type LoginTokens,
  readCookie,
} from '@sallyport/kit/users'
import { isSecure, ownOrigins, type PageSettings } from './own-pages.ts'
import type { People } from './people.ts'

const OVER = 'the session is over: log in again'

/** Judges the sessions of browsers. For the admin listener alone. */
export class SessionJudge implements CookieJudge {
  readonly #people: People
  readonly #settings: () => PageSettings

  constructor(people: People, settings: () => PageSettings) {
    this.#people = people
    this.#settings = settings
  }

  judge(req: IncomingMessage, host: string): Pending<Principal> | undefined {
    const settings = this.#settings()
    const secret = readCookie(req.rawHeaders, cookieName(isSecure(settings)))
    if (secret === undefined) return undefined
    // Before the session is looked for: what another page sends learns nothing of it.
    judgePage(signsOf(req), {
      origins: ownOrigins(settings, host),
      csrfToken: csrfTokenOf(secret),
    })
    const secretHash = hashSessionSecret(secret)
    const known = this.#people.bySecret(secretHash)
    if (known !== undefined) return admit(this.#people, known)
    return this.#people.lookUpSecret(secretHash).then((login) => admit(this.#people, login))
  }
}

/** Judges the tokens of programs that logged in as a person. For the admin listener alone. */
export class LoginTokenJudge implements TokenJudge {
  readonly #people: People
  readonly #tokens: LoginTokens

  constructor(people: People, tokens: LoginTokens) {
    this.#people = people
    this.#tokens = tokens
  }

  judge(token: string): Promise<Principal> | undefined {
    return this.#tokens.isOurs(token) ? this.#judge(token) : undefined
  }

  async #judge(token: string): Promise<Principal> {
    const claims = await this.#tokens.verify(token)
    if (claims === undefined) throw new AppError('credential_invalid', 'the token is not valid')
    const { loginId, userId } = claims
    const login = this.#people.byId(loginId) ?? (await this.#people.lookUpId(loginId))
    return admit(this.#people, login?.userId === userId ? login : undefined)
  }
}

/** What of a request tells which page sent it. */
export function signsOf({
  method = '',
  headers,
}: IncomingMessage): Parameters<typeof judgePage>[0] {
  const text = (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method,
    origin: headers.origin,
    fetchSite: text('sec-fetch-site'),
    csrfToken: text('x-csrf-token'),
  }
}

function admit(people: People, login: LoginRecord | undefined): Principal {
  const principal = login && people.admit(login)
  if (principal === undefined) throw new AppError('credential_invalid', OVER)
  return principal
}
