import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import type { ChannelFinder, KnownChannel } from '../directory/channel-finder.ts'
import type { Workspace } from '../tools/slack-context.ts'
import { type ChannelRef, nameOf, parseChannelRef } from './channel-ref.ts'
import type { WritePlaces } from './write-places.ts'

const OPENED = z.object({ channel: z.object({ id: z.string() }) })

/**
 * Decides where may be written, before Slack hears of a write. What the rule can tell from the call alone is
 * decided without asking Slack at all.
 */
export class WriteGuard {
  readonly #places: WritePlaces
  readonly #channels: ChannelFinder

  constructor(places: WritePlaces, channels: ChannelFinder) {
    this.#places = places
    this.#channels = channels
  }

  /**
   * The id of the place, for Slack.
   *
   * @param given id or name of a channel, or id of a person
   * @throws {AppError} `slack_write_refused`, `request_invalid`, `slack_channel_unknown`, or what reading fails with
   */
  async channel(workspace: Workspace, given: string, signal: AbortSignal): Promise<string> {
    const ref = parseChannelRef(given)
    const verdict = this.#places.judge(ref)
    if (verdict === 'refused') throw refused(ref)
    if (ref.kind === 'id' && verdict === 'allowed') return ref.id
    const channel = await this.#find(workspace, ref, signal)
    if (verdict === 'unsure' && !this.#places.allows(channel)) throw refused(ref)
    return channel.id
  }

  /**
   * Of a channel that is about to be made or named so.
   *
   * @throws {AppError} `slack_write_refused`
   */
  name(given: string): void {
    const name = nameOf(given)
    if (!this.#places.allows({ id: '', name, user: null })) throw refused({ kind: 'name', name })
  }

  /**
   * Of a channel that may be written to under its present name, before it gets another one: it must not leave the
   * list, nor take the place of one that is denied.
   *
   * @throws {AppError} `slack_write_refused`
   */
  renamed(id: string, given: string): void {
    const name = nameOf(given)
    if (!this.#places.allows({ id, name, user: null })) throw refused({ kind: 'name', name })
  }

  /**
   * People who are written to together.
   *
   * @throws {AppError} `slack_write_refused`, or what reading fails with
   */
  async people(workspace: Workspace, users: readonly string[], signal: AbortSignal): Promise<void> {
    const refs = users.map((id) => ({ kind: 'user', id }) as const)
    const first = refs.find((ref) => this.#places.judge(ref) === 'refused')
    if (first !== undefined) throw refused(first)
    for (const ref of refs) {
      if (this.#places.judge(ref) === 'unsure') await this.channel(workspace, ref.id, signal)
    }
  }

  async #find(workspace: Workspace, ref: ChannelRef, signal: AbortSignal): Promise<KnownChannel> {
    switch (ref.kind) {
      case 'id':
        return await this.#channels.byId(workspace, ref.id, signal)
      case 'name':
        return await this.#channels.byName(workspace, ref.name, signal)
      case 'user': {
        // Opening one that is open changes nothing, and nobody is told of one that is empty.
        const ask = { reply: OPENED, signal }
        const { channel } = await workspace.api.call('conversations.open', { users: ref.id }, ask)
        return { id: channel.id, name: null, user: ref.id }
      }
      default:
        return ref satisfies never
    }
  }
}

function refused(ref: ChannelRef): AppError {
  const what = { id: 'this channel', name: 'a channel of this name', user: 'this person' }[ref.kind]
  return new AppError(
    'slack_write_refused',
    `writing to ${what} is not allowed here; whoever runs this server lists the channels for it in SLACK_WRITE_CHANNELS`,
    { outcome: 'not_sent' },
  )
}
