import type {
  ApprovalChannel,
  ApprovalDesk,
  ApprovalEnd,
  ApprovalNotice,
  ApprovalRequest,
  ApprovalResult,
  ApprovalVerdict,
  ApproverDirectory,
} from '@sallyport/contract/approvals'
import type { Clock } from '@sallyport/kit/clock'
import type { Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { z } from 'zod'
import type { SlackApi } from '../client/slack-api.ts'
import type { Press } from '../events/interaction-routes.ts'
import {
  APPROVE,
  askingMessage,
  concludedMessage,
  DENY,
  endSentence,
  escapeMarkup,
  type MessageBody,
} from './approval-message.ts'

/** Where requests are shown. */
export interface ApprovalPlace {
  /** Name of the app, and the workspace it is installed in. */
  readonly app: string
  readonly team: string
  /** Id of the channel. */
  readonly channel: string
}

export interface SlackApprovalsDeps {
  readonly desk: ApprovalDesk
  readonly approvers: ApproverDirectory
  /** Of the installation at the place; asked anew each time. */
  readonly api: () => SlackApi
  /** For what the buttons carry: its keys outlive the process. */
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Log
}

const NAME = 'slack'
/** For all that follows from one press, milliseconds. */
const PRESS_MS_MAX = 20_000

const postedSchema = z.object({ channel: z.string(), ts: z.string() })
const doneSchema = z.object({})
const valueSchema = z.object({
  id: z.string(),
  verdict: z.enum(['approved', 'denied']),
  expiresAtMs: z.number(),
})

/**
 * Shows waiting calls in one Slack channel, and takes the presses of their buttons to the desk. Keeps nothing of its
 * own: what a button means stands sealed in the button, so that a restart or another process understands it.
 */
export class SlackApprovals implements ApprovalChannel {
  readonly name = NAME
  readonly #place: ApprovalPlace
  readonly #deps: SlackApprovalsDeps

  constructor(place: ApprovalPlace, deps: SlackApprovalsDeps) {
    this.#place = place
    this.#deps = deps
  }

  async announce(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalNotice> {
    const values = {
      approve: this.#seal(request, 'approved'),
      deny: this.#seal(request, 'denied'),
    }
    const { channel } = this.#place
    const posted = await this.#deps
      .api()
      .call(
        'chat.postMessage',
        { channel, ...askingMessage(request, values), unfurl_links: false, unfurl_media: false },
        { reply: postedSchema, signal, write: true, budget: channel },
      )
    return { channel: NAME, reference: posted.ts }
  }

  async conclude(
    notice: ApprovalNotice,
    request: ApprovalRequest,
    end: ApprovalEnd,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#update(notice.reference, concludedMessage(request, end), signal)
  }

  /**
   * Takes a press; false when the button is none of ours. Whoever may not decide is told so, and nobody else.
   *
   * @throws {AppError} what the desk or Slack throws
   */
  async press(press: Press): Promise<boolean> {
    if (press.action !== APPROVE && press.action !== DENY) return false
    const limit = new AbortController()
    const timer = setTimeout(() => {
      limit.abort(new AppError('deadline_exceeded', `a press took longer than ${PRESS_MS_MAX} ms`))
    }, PRESS_MS_MAX)
    try {
      const refusal = await this.#decide(press, limit.signal)
      if (refusal !== undefined) await this.#tell(press, refusal, limit.signal)
      return true
    } finally {
      clearTimeout(timer)
    }
  }

  /** Why the press counts for nothing; undefined when it counted. */
  async #decide(press: Press, signal: AbortSignal): Promise<string | undefined> {
    const { approvers, clock, desk, log } = this.#deps
    const { id, verdict, expiresAtMs } = this.#open(press) ?? {}
    if (id === undefined || verdict === undefined || expiresAtMs === undefined) {
      return 'This button means nothing here any more.'
    }
    const { team, user } = press
    // In a channel shared with another workspace its people press too.
    if (user.team !== team) return 'Only people of this workspace can decide.'
    if (clock.nowMs() >= expiresAtMs) return 'It is too late: the call was not run.'
    const decidedBy = await approvers.principalOf({ channel: NAME, team, user: user.id }, signal)
    if (decidedBy === undefined) return 'You are not among those who may decide.'
    const result = await desk.decide({ id, verdict, decidedBy, channel: NAME }, signal)
    log.info({ approval: id, verdict, decidedBy, result: result.kind }, 'approval decided in slack')
    return this.#show(press, result, { kind: 'decided', verdict, decidedBy }, signal)
  }

  async #show(
    press: Press,
    result: ApprovalResult,
    decided: ApprovalEnd,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    switch (result.kind) {
      case 'recorded':
        await this.#update(press.message.ts, concludedMessage(result.request, decided), signal)
        return undefined
      case 'over':
        await this.#update(press.message.ts, concludedMessage(result.request, result.end), signal)
        return `It is over already. ${endSentence(result.end)}`
      case 'forbidden':
        return 'You may not decide about this call.'
      case 'unknown':
        return 'This call does not wait any more.'
    }
  }

  #seal({ id, expiresAtMs }: ApprovalRequest, verdict: ApprovalVerdict): string {
    const value = JSON.stringify({ id, verdict, expiresAtMs })
    return this.#deps.sealer.seal(Buffer.from(value), this.#aad)
  }

  /** What a button means; undefined for what is not of this place, or was not sealed by us. */
  #open({ app, team, message, value, action }: Press): z.output<typeof valueSchema> | undefined {
    const place = this.#place
    if (app.name !== place.app || team !== place.team || message.channel !== place.channel) {
      return undefined
    }
    const opened = this.#deps.sealer.open(value, this.#aad)
    if (opened === undefined) return undefined
    const meaning = valueSchema.parse(JSON.parse(opened.toString()))
    // A sealed "deny" does not count under the other button.
    return (meaning.verdict === 'approved') === (action === APPROVE) ? meaning : undefined
  }

  get #aad(): string {
    const { app, team, channel } = this.#place
    return `slack approval ${app} ${team} ${channel}`
  }

  async #update(ts: string, message: MessageBody, signal: AbortSignal): Promise<void> {
    const { channel } = this.#place
    await this.#deps
      .api()
      .call(
        'chat.update',
        { channel, ts, ...message },
        { reply: doneSchema, signal, write: true, budget: channel },
      )
  }

  async #tell(press: Press, text: string, signal: AbortSignal): Promise<void> {
    const { user, message } = press
    // Only to this workspace and channel: elsewhere we have no word.
    if (press.team !== this.#place.team || message.channel !== this.#place.channel) return
    await this.#deps
      .api()
      .call(
        'chat.postEphemeral',
        { channel: message.channel, user: user.id, text: escapeMarkup(text) },
        { reply: doneSchema, signal, write: true, budget: message.channel },
      )
  }
}
