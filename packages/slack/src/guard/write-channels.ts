import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import type { ChannelFinder, KnownChannel } from '../directory/channel-finder.ts'
import type { Workspace } from '../tools/slack-context.ts'
import { nameOf } from './channel-ref.ts'

/** What a place was called a minute ago is what the rule is held against. */
const AGE_MS = 60_000
const KEPT_MAX = 10_000

const INFO = z.object({
  channel: z.object({
    id: z.string(),
    name: z.string().optional(),
    is_im: z.boolean().optional(),
    user: z.string().optional(),
  }),
})

/** The directory that names are looked up in. */
export interface ChannelNames {
  resolve(workspace: Workspace, ref: string, signal: AbortSignal): Promise<{ readonly id: string }>
  forgetChannel(workspace: Workspace, id: string): void
}

interface Kept {
  readonly channel: KnownChannel
  readonly atMs: number
}

/**
 * Channels as Slack knows them now, for deciding where writes may go: a directory may be older than a channel's
 * new name, so that what it says is looked at once more.
 */
export class WriteChannels implements ChannelFinder {
  readonly #names: ChannelNames
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>()

  constructor(names: ChannelNames, clock: Pick<Clock, 'monotonicMs'>) {
    this.#names = names
    this.#clock = clock
  }

  async byId(workspace: Workspace, id: string, signal: AbortSignal): Promise<KnownChannel> {
    const key = keyOf(workspace, id)
    const kept = this.#kept.get(key)
    const nowMs = this.#clock.monotonicMs()
    if (kept !== undefined && nowMs - kept.atMs < AGE_MS) return kept.channel
    const { channel } = await workspace.api.call(
      'conversations.info',
      { channel: id },
      { reply: INFO, signal },
    )
    const isDm = channel.is_im === true
    const found: KnownChannel = {
      id: channel.id,
      name: isDm ? null : (channel.name ?? null),
      user: isDm ? (channel.user ?? null) : null,
    }
    this.#keep(key, { channel: found, atMs: nowMs })
    return found
  }

  async byName(workspace: Workspace, name: string, signal: AbortSignal): Promise<KnownChannel> {
    // The second look is for a name that went from one channel to another.
    for (let look = 0; look < 2; look += 1) {
      const { id } = await this.#names.resolve(workspace, `#${name}`, signal)
      const channel = await this.byId(workspace, id, signal)
      if (channel.name !== null && nameOf(channel.name) === nameOf(name)) return channel
      this.forget(workspace, id)
    }
    throw new AppError(
      'slack_channel_unknown',
      'the channel of that name was renamed just now; name it by its id',
      { outcome: 'not_sent' },
    )
  }

  /** After a change of the channel. */
  forget(workspace: Workspace, id: string): void {
    this.#kept.delete(keyOf(workspace, id))
    this.#names.forgetChannel(workspace, id)
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) return
      this.#kept.delete(oldest)
    }
  }
}

function keyOf({ installation: { app, team } }: Workspace, id: string): string {
  return `${app}/${team}/${id}`
}
