import { AppError } from '@sallyport/kit/errors'

/** What a caller names as the place to write to. */
export type ChannelRef =
  /** A channel, a group or a direct message. */
  | { readonly kind: 'id'; readonly id: string }
  /** A person, whose direct message is meant. */
  | { readonly kind: 'user'; readonly id: string }
  /** A channel by its name, in lower case and without `#`. */
  | { readonly kind: 'name'; readonly name: string }

/** With a digit, as all have: a name in capitals is a name. */
const CHANNEL_ID = /^[CGD](?=[A-Z]*\d)[A-Z0-9]{6,30}$/
const USER_ID = /^[UW](?=[A-Z]*\d)[A-Z0-9]{6,30}$/
const NAME = /^[\p{L}\p{M}\p{N}_-]{1,80}$/u
/** As Slack writes them into messages. */
const CHANNEL_LINK = /^<#([CGD][A-Z0-9]{6,30})(?:\|[^<>]*)?>$/
const USER_LINK = /^<@([UW][A-Z0-9]{6,30})(?:\|[^<>]*)?>$/

/**
 * Reads an id, `#name`, a name, or either as Slack writes it into a message.
 *
 * @throws {AppError} `request_invalid`
 */
export function parseChannelRef(text: string): ChannelRef {
  const bare = text.trim()
  const id = CHANNEL_LINK.exec(bare)?.[1] ?? bare
  if (CHANNEL_ID.test(id)) return { kind: 'id', id }
  const user = USER_LINK.exec(bare)?.[1] ?? bare.replace(/^@/, '')
  if (USER_ID.test(user)) return { kind: 'user', id: user }
  const name = nameOf(bare.replace(/^#/, ''))
  if (NAME.test(name)) return { kind: 'name', name }
  throw new AppError(
    'request_invalid',
    'channel_id must be the id of a channel, the name of one such as #bots, or the id of a person',
    { outcome: 'not_sent' },
  )
}

/** A name as it is compared: Slack keeps them in lower case. */
export function nameOf(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** Whether it is the id of a channel, a group or a direct message. */
export function isChannelId(text: string): boolean {
  return CHANNEL_ID.test(text)
}

/** Whether it is the id of a person. */
export function isUserId(text: string): boolean {
  return USER_ID.test(text)
}
