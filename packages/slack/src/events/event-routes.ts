import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import type { EventOutcome } from '@sallyport/kit/metrics'
import { z } from 'zod'
import type { Installations, Revocation } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import type { Visit } from '../web/visit.ts'
import { sendAnswer } from './answer.ts'
import type { SignedRequests } from './signed-requests.ts'

/** Slack sends an event again for up to an hour while it gets no 200. Source: Slack, "Events API", "Retries". */
const EVENT_LIFE_MS = 2 * 60 * 60 * 1_000

/** Source: Slack, "url_verification event". */
const verificationSchema = z.object({
  type: z.literal('url_verification'),
  challenge: z.string().max(512),
})

/** Source: Slack, "Events API", "The Events API event payload"; "app_uninstalled", "tokens_revoked". */
const callbackSchema = z.object({
  type: z.literal('event_callback'),
  team_id: z.string().min(1).max(32),
  event_id: z.string().min(1).max(64),
  event_time: z.number().int().min(0),
  event: z.discriminatedUnion('type', [
    z.object({ type: z.literal('app_uninstalled') }),
    z.object({
      type: z.literal('tokens_revoked'),
      tokens: z.object({
        bot: z.array(z.string()).default([]),
        oauth: z.array(z.string()).default([]),
      }),
    }),
  ]),
})
type Callback = z.output<typeof callbackSchema>

const otherSchema = z.object({ type: z.string() })

export interface EventDeps {
  readonly signed: SignedRequests
  readonly installations: Pick<Installations, 'list' | 'revoked'>
  readonly onReceived: (outcome: EventOutcome) => void
}

/** `POST /slack/events`: what Slack tells by itself about installations. */
export class EventRoutes {
  readonly #deps: EventDeps

  constructor(deps: EventDeps) {
    this.#deps = deps
  }

  /** @throws {AppError} what `SignedRequests.receive` throws; `request_invalid` for a body that is no event */
  async receive(req: IncomingMessage, res: ServerResponse, visit: Visit): Promise<void> {
    const { app, rawBody, forget } = await this.#deps.signed.receive(req, visit.query)
    try {
      const body = parseJson(rawBody)
      const verification = verificationSchema.safeParse(body)
      if (verification.success) {
        const { challenge } = verification.data
        return sendAnswer(res, { type: 'text/plain', body: challenge }, visit.requestId)
      }
      this.#deps.onReceived(await this.#handle(app, body))
      sendAnswer(res, { type: 'text/plain', body: '' }, visit.requestId)
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.spec.family !== 'rejection') await forget()
      throw error
    }
  }

  async #handle(app: SlackApp, body: unknown): Promise<EventOutcome> {
    const callback = callbackSchema.safeParse(body)
    if (!callback.success) {
      if (otherSchema.safeParse(body).success) return 'ignored'
      throw new AppError('request_invalid', 'the body is no event of Slack')
    }
    const { data: event } = callback
    // Slack repeats an event, newly signed, until it is answered.
    const { signed } = this.#deps
    const forget = await signed.first(`event ${app.name}`, event.event_id, EVENT_LIFE_MS)
    if (forget === undefined) return 'repeat'
    try {
      return await this.#revoke(app, event)
    } catch (thrown) {
      await forget()
      throw thrown
    }
  }

  async #revoke(app: SlackApp, callback: Callback): Promise<EventOutcome> {
    const { installations } = this.#deps
    const installation = installations
      .list()
      .find((one) => one.app === app.name && one.team === callback.team_id)
    // Whether the second of the event had begun when the app was installed is not known: it counts as after it.
    const atMs = callback.event_time * 1_000 + 999
    const { event, team_id: team } = callback
    let isChanged = false
    for (const what of endedBy(event, installation)) {
      const changed = await installations.revoked(app.name, team, { what, atMs })
      isChanged ||= changed
    }
    return isChanged ? 'handled' : 'ignored'
  }
}

/** Which tokens of ours an event ended. */
function endedBy(
  event: Callback['event'],
  installation: ReturnType<Installations['list']>[number] | undefined,
): Revocation['what'][] {
  if (event.type === 'app_uninstalled') return ['app']
  const { bot, oauth } = event.tokens
  const { user } = installation ?? {}
  return [
    // An app has one bot in a workspace, and the event is of this app and workspace.
    ...(bot.length > 0 ? (['bot'] as const) : []),
    ...(user && oauth.includes(user.id) ? (['user'] as const) : []),
  ]
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw new AppError('request_invalid', 'the body is no JSON', { cause })
  }
}
