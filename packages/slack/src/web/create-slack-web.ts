import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { RateLimits } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import type { SlackCounters } from '@sallyport/kit/metrics'
import type { InstallStateStore } from '@sallyport/kit/store'
import type { HttpExchange } from '../client/http-exchange.ts'
import { EventRoutes } from '../events/event-routes.ts'
import { InteractionRoutes, type OnPress } from '../events/interaction-routes.ts'
import { SignedRequests } from '../events/signed-requests.ts'
import type { Installations } from '../installations/installation.ts'
import { OAuthRoutes } from '../oauth/oauth-routes.ts'
import type { SlackSettings } from '../settings/settings.ts'
import { type Route, SlackWeb } from './slack-web.ts'
import type { Visit } from './visit.ts'

/** A person installs now and then. */
const PAGE_RATE = { capacity: 30, refillPerSecond: 1 }
/** Slack sends all of a workspace from a few addresses. */
const SIGNED_RATE = { capacity: 200, refillPerSecond: 50 }

export interface SlackWebDeps {
  readonly states: InstallStateStore
  readonly installations: Pick<Installations, 'list' | 'save' | 'revoked'>
  /** Takes the buttons that people press; undefined = there are none. */
  readonly onPress?: OnPress | undefined
  /** For codes. */
  readonly exchange: HttpExchange
  readonly clock: Clock
  readonly log: Log
  readonly counters: SlackCounters
}

export type SlackWebSettings = Pick<
  SlackSettings,
  'apps' | 'apiUrl' | 'authorizeUrl' | 'redirectUri' | 'stateTtlMs'
>

/**
 * The addresses that need no key: `/slack/install`, `/slack/oauth/callback`, and, once an app has a signing secret,
 * `/slack/events` and `/slack/interactions`.
 */
export function createSlackWeb(settings: SlackWebSettings, deps: SlackWebDeps): SlackWeb {
  const routes = { ...pages(settings, deps), ...signedRoutes(settings, deps) }
  return new SlackWeb(routes, deps.log)
}

function pages(settings: SlackWebSettings, deps: SlackWebDeps): Record<string, Route> {
  const { states: marks, installations, exchange, clock, log, counters } = deps
  const onFinished = counters.installFinished.bind(counters)
  const { stateTtlMs: stateLifeMs } = settings
  const oauth = new OAuthRoutes(
    { ...settings, stateLifeMs },
    { marks, installations, exchange, clock, log, onFinished },
  )
  const page = {
    method: 'GET',
    rate: new RateLimits(clock, PAGE_RATE),
    refuse: oauth.refuse.bind(oauth),
  } as const
  return {
    '/slack/install': { ...page, handle: oauth.install.bind(oauth) },
    '/slack/oauth/callback': { ...page, handle: oauth.callback.bind(oauth) },
  }
}

function signedRoutes({ apps }: SlackWebSettings, deps: SlackWebDeps): Record<string, Route> {
  if (apps.every(({ signingSecret }) => signingSecret === undefined)) return {}
  const { states: marks, installations, clock, log, counters, onPress } = deps
  const signed = new SignedRequests(apps, { marks, clock })
  const onReceived = counters.eventReceived.bind(counters)
  const events = new EventRoutes({ signed, installations, onReceived })
  const presses = new InteractionRoutes({
    signed,
    onPress: onPress ?? (() => Promise.resolve(false)),
    log,
    onReceived,
  })
  const route = { method: 'POST', rate: new RateLimits(clock, SIGNED_RATE) } as const
  const counted = (receive: Route['handle']): Route => ({
    ...route,
    handle: (req: IncomingMessage, res: ServerResponse, visit: Visit) =>
      receive(req, res, visit).catch((thrown: unknown) => {
        const { family } = AppError.from(thrown).spec
        onReceived(family === 'rejection' ? 'refused' : 'failed')
        throw thrown
      }),
  })
  return {
    '/slack/events': counted(events.receive.bind(events)),
    '/slack/interactions': counted(presses.receive.bind(presses)),
  }
}
