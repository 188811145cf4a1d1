import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { EventOutcome } from '@sallyport/kit/metrics'
import { z } from 'zod'
import type { SlackApp } from '../settings/settings.ts'
import type { Visit } from '../web/visit.ts'
import { sendAnswer } from './answer.ts'
import type { SignedRequests } from './signed-requests.ts'

const id = z.string().min(1).max(64)

/** Source: Slack, "block_actions payload". */
const pressSchema = z.object({
  type: z.literal('block_actions'),
  team: z.object({ id }),
  user: z.object({ id, team_id: id }),
  container: z.object({ message_ts: id, channel_id: id }),
  actions: z
    .array(z.object({ action_id: z.string().max(255), value: z.string().max(2_000).optional() }))
    .min(1)
    .max(25),
})

/** A button that somebody pressed, as Slack tells it. */
export interface Press {
  readonly app: SlackApp
  /** Where it was pressed, and where whoever pressed it belongs: two teams in a shared channel. */
  readonly team: string
  readonly user: { readonly id: string; readonly team: string }
  readonly message: { readonly channel: string; readonly ts: string }
  readonly action: string
  readonly value: string
  readonly requestId: string
}

/** Takes presses of its own buttons; false = of another's. Slack was answered before. */
export type OnPress = (press: Press) => Promise<boolean>

export interface InteractionDeps {
  readonly signed: SignedRequests
  readonly onPress: OnPress
  readonly log: Log
  readonly onReceived: (outcome: EventOutcome) => void
}

/** `POST /slack/interactions`: what people press. Answered within Slack's three seconds, then dealt with. */
export class InteractionRoutes {
  readonly #deps: InteractionDeps

  constructor(deps: InteractionDeps) {
    this.#deps = deps
  }

  /** @throws {AppError} what `SignedRequests.receive` throws; `request_invalid` for a body that is no interaction */
  async receive(req: IncomingMessage, res: ServerResponse, visit: Visit): Promise<void> {
    const { app, rawBody } = await this.#deps.signed.receive(req, visit.query)
    const payload = parsePayload(rawBody)
    sendAnswer(res, { type: 'text/plain', body: '' }, visit.requestId)
    const { data: press } = pressSchema.safeParse(payload)
    const action = press?.actions[0]
    const { onReceived } = this.#deps
    if (press === undefined || action?.value === undefined) return onReceived('ignored')
    const outcome = await this.#press({
      app,
      team: press.team.id,
      user: { id: press.user.id, team: press.user.team_id },
      message: { channel: press.container.channel_id, ts: press.container.message_ts },
      action: action.action_id,
      value: action.value,
      requestId: visit.requestId,
    })
    onReceived(outcome)
  }

  async #press(press: Press): Promise<EventOutcome> {
    const { onPress, log } = this.#deps
    try {
      return (await onPress(press)) ? 'handled' : 'ignored'
    } catch (thrown) {
      // Slack has its answer; whoever pressed may press again.
      const fields = { err: AppError.from(thrown), requestId: press.requestId, team: press.team }
      log.error(fields, 'slack interaction failed')
      return 'failed'
    }
  }
}

function parsePayload(bytes: Buffer): unknown {
  const payload = new URLSearchParams(bytes.toString()).get('payload')
  try {
    return JSON.parse(payload ?? '')
  } catch (cause) {
    throw new AppError('request_invalid', 'the body is no interaction of Slack', { cause })
  }
}
