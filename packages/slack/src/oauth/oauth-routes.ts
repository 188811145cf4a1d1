import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { isLoopback, sendError } from '@sallyport/kit/http'
import type { Log } from '@sallyport/kit/log'
import type { InstallOutcome } from '@sallyport/kit/metrics'
import type { HttpExchange } from '../client/http-exchange.ts'
import type { Grant, Installation } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import { appNamed } from '../web/app-named.ts'
import type { Visit } from '../web/visit.ts'
import { toAuthorizeUrl } from './authorize-url.ts'
import { type BrowserCookie, createBrowserCookie } from './browser-cookie.ts'
import { exchangeCode } from './exchange.ts'
import { failurePage, installedPage, type InstallFailure } from './install-pages.ts'
import { InstallStates, type OnceMarks, randomText } from './install-states.ts'
import { sendOn, sendPage } from './page.ts'
import { failureOfSlack, failureOfThrown } from './install-failure.ts'

/** What an installation goes through. */
export interface OAuthSettings {
  readonly apps: readonly SlackApp[]
  /** Slack's Web API, with a slash at its end. */
  readonly apiUrl: string
  readonly authorizeUrl: string
  /** Of ours, ending in `/slack/oauth/callback`; https, or http on loopback. */
  readonly redirectUri: string
  /** How long an installation may take, milliseconds. */
  readonly stateLifeMs: number
}

export interface OAuthDeps {
  readonly marks: OnceMarks
  readonly installations: { save(grant: Grant): Promise<Installation> }
  readonly exchange: HttpExchange
  readonly clock: Clock
  readonly log: Log
  /** Told once per page that an installation ended with. */
  readonly onFinished: (outcome: InstallOutcome) => void
}

/** The exchange has a deadline of its own. */
const NEVER = new AbortController().signal
const CODE_CHARACTERS_MAX = 2_048

type Ending =
  | { readonly kind: 'installed'; readonly installation: Installation }
  | {
      readonly kind: 'failed'
      readonly failure: InstallFailure
      readonly app?: SlackApp | undefined
      /** Slack's code, where it said one. */
      readonly slack?: string | undefined
      readonly error?: AppError
    }

/** Puts the apps into workspaces: the two pages that need no key. */
export class OAuthRoutes {
  readonly #settings: OAuthSettings
  readonly #deps: OAuthDeps
  readonly #states: InstallStates
  readonly #cookie: BrowserCookie
  readonly #redirect: URL

  constructor(settings: OAuthSettings, deps: OAuthDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#states = new InstallStates(deps.marks, deps.clock, settings.stateLifeMs)
    this.#redirect = new URL(settings.redirectUri)
    this.#cookie = createBrowserCookie(this.#redirect)
  }

  /** `GET /slack/install[?app=NAME]`: sends the browser to Slack, with a state that is tied to it. */
  async install(req: IncomingMessage, res: ServerResponse, visit: Visit): Promise<void> {
    const app = appNamed(this.#settings.apps, visit.query)
    if (app === undefined) return this.#fail(res, visit, { kind: 'failed', failure: 'app_unknown' })
    const elsewhere = this.#otherName(req, visit)
    if (elsewhere !== undefined) return sendOn(res, elsewhere, visit.requestId)
    const browser = this.#cookie.read(req) ?? randomText()
    try {
      const state = await this.#states.begin(app, browser)
      res.setHeader('set-cookie', this.#cookie.write(browser, this.#states.lifeMs))
      sendOn(res, toAuthorizeUrl(this.#settings, app, state), visit.requestId)
    } catch (thrown) {
      this.#fail(res, visit, { kind: 'failed', app, ...failureOfThrown(thrown) })
    }
  }

  /** `GET /slack/oauth/callback`: where Slack sends the browser back to. */
  async callback(req: IncomingMessage, res: ServerResponse, visit: Visit): Promise<void> {
    const ending = await this.#finish(req, visit)
    if (ending.kind === 'failed') return this.#fail(res, visit, ending)
    const { installation } = ending
    const { app, team, tenant, installedBy } = installation
    const { log, onFinished } = this.#deps
    log.info({ requestId: visit.requestId, app, team, tenant, installedBy }, 'slack app installed')
    onFinished('installed')
    sendPage(res, installedPage(installation), visit.requestId)
  }

  /** Refuses a request before it is looked at, as a page: it is a person who reads it. */
  refuse(res: ServerResponse, error: AppError, visit: Visit): void {
    if (error.code === 'method_not_allowed') return sendError(res, error, visit.requestId)
    const failure = error.code === 'rate_limited' ? 'rate_limited' : failureOfThrown(error).failure
    this.#fail(res, visit, { kind: 'failed', failure, error })
  }

  async #finish(req: IncomingMessage, visit: Visit): Promise<Ending> {
    const { query } = visit
    let app: SlackApp | undefined
    try {
      const begun = await this.#states.finish(single(query, 'state'), this.#cookie.read(req))
      if (begun === undefined) {
        return { kind: 'failed', failure: 'state_invalid', app: this.#usualApp }
      }
      app = this.#settings.apps.find(({ name }) => name === begun)
      if (app === undefined) return { kind: 'failed', failure: 'app_unknown' }
      if (query.has('error')) {
        const slack = single(query, 'error') ?? ''
        const failure = slack === 'access_denied' ? 'denied' : 'refused'
        return { kind: 'failed', failure, app, slack }
      }
      const code = single(query, 'code')
      if (typeof code !== 'string' || code === '' || code.length > CODE_CHARACTERS_MAX) {
        return { kind: 'failed', failure: 'request_invalid', app }
      }
      return await this.#exchange(app, code)
    } catch (thrown) {
      return { kind: 'failed', app, ...failureOfThrown(thrown) }
    }
  }

  async #exchange(app: SlackApp, code: string): Promise<Ending> {
    const { clock, exchange: http, installations } = this.#deps
    const { apiUrl, redirectUri } = this.#settings
    const place = { apiUrl, redirectUri, exchange: http }
    // Whoever closes the page meanwhile is installed all the same: the code is spent.
    const exchange = await exchangeCode(place, app, { code, clock }, NEVER)
    if (exchange.kind === 'unsupported') return { kind: 'failed', failure: 'unsupported', app }
    if (exchange.kind === 'refused') {
      const { error: slack } = exchange
      return { kind: 'failed', failure: failureOfSlack(slack), app, slack }
    }
    return { kind: 'installed', installation: await installations.save(exchange.grant) }
  }

  #fail(res: ServerResponse, visit: Visit, ending: Extract<Ending, { kind: 'failed' }>): void {
    const { failure, app, slack, error } = ending
    const { log, onFinished } = this.#deps
    const fields = {
      requestId: visit.requestId,
      failure,
      ...(app === undefined ? {} : { app: app.name }),
      // Slack's codes are words; anything else came from whoever made the address.
      ...(slack === undefined || !/^[a-z_]{1,64}$/.test(slack) ? {} : { slack }),
      ...(error === undefined ? {} : { err: error }),
    }
    if (failure === 'internal' || failure === 'not_kept' || failure === 'misconfigured') {
      log.error(fields, 'slack app not installed')
    } else {
      log.info(fields, 'slack app not installed')
    }
    onFinished(failure)
    const retryAfterMs = error?.retryAfterMs
    sendPage(res, failurePage(failure, { app, retryAfterMs }), visit.requestId)
  }

  get #usualApp(): SlackApp | undefined {
    return appNamed(this.#settings.apps, new URLSearchParams())
  }

  /**
   * Cookies know `localhost` and `127.0.0.1` as two hosts: a browser that came by the other name goes on under the
   * one that Slack sends it back to.
   */
  #otherName(req: IncomingMessage, visit: Visit): string | undefined {
    const { host = '' } = req.headers
    const { hostname, port, protocol, origin } = this.#redirect
    const came = URL.parse(`${protocol}//${host}`)
    if (came === null || came.hostname === hostname || came.port !== port) return undefined
    if (!isLoopback(came.hostname) || !isLoopback(hostname)) return undefined
    return `${origin}/slack/install${visit.query.size === 0 ? '' : `?${visit.query.toString()}`}`
  }
}

/** Undefined when it is not there, null when it is there twice. */
function single(query: URLSearchParams, name: string): string | null | undefined {
  const values = query.getAll(name)
  return values.length > 1 ? null : values[0]
}
