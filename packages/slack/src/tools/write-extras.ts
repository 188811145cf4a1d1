import { z } from 'zod'
import { AppError } from '@sallyport/kit/errors'
import { plainText } from '../guard/mentions.ts'
import { ADDS, ADDS_ONCE, channelField, REPLACES, timestampField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'
import { unlessAlready } from './writing.ts'

const PIN = { toolset: 'manage', reach: 'channel', scopes: ['pins:write'] } as const
const BOOKMARK = { toolset: 'manage', reach: 'channel', scopes: ['bookmarks:write'] } as const
const NOTHING = z.object({})
const PINNED = {
  channel_id: z.string(),
  ts: z.string(),
  changed: z.boolean().describe('False: it was so already'),
}
const BOOKMARKED = { channel_id: z.string(), bookmark_id: z.string() }
const bookmarkField = z
  .string()
  .regex(/^Bk[A-Za-z0-9_-]{1,40}$/)
  .describe('Bk...')
const titleField = z.string().min(1).max(250).describe('What the bookmark is called')
/** A link that a person presses: no other kind of address, and none with a name and password in it. */
const linkField = z
  .string()
  .max(2_000)
  .regex(/^https?:\/\/[^\s<>"@]+$/)
  .describe('https://...')
const BOOKMARK_REPLY = z.object({ bookmark: z.object({ id: z.string() }) })

const addPin = defineWrite({
  name: 'slack_add_pin',
  title: 'Pin a message',
  description: 'Pins a message in its channel.',
  hints: ADDS_ONCE,
  ...PIN,
  input: { channel_id: channelField, ts: timestampField },
  output: PINNED,
  write: async ({ channel_id: given, ts }, writing) => {
    const channel = await writing.channel(given)
    const act = () => writing.send('pins.add', { channel, timestamp: ts }, NOTHING)
    const changed = await unlessAlready(['already_pinned'], act)
    const text = changed ? `Pinned ${ts} in ${channel}.` : `${ts} was pinned already.`
    return { structured: { channel_id: channel, ts, changed }, text }
  },
})

const removePin = defineWrite({
  name: 'slack_remove_pin',
  title: 'Unpin a message',
  description: 'Takes the pin off a message.',
  hints: REPLACES,
  ...PIN,
  input: { channel_id: channelField, ts: timestampField },
  output: PINNED,
  write: async ({ channel_id: given, ts }, writing) => {
    const channel = await writing.channel(given)
    const act = () => writing.send('pins.remove', { channel, timestamp: ts }, NOTHING)
    const changed = await unlessAlready(['no_pin', 'not_pinned'], act)
    const text = changed ? `Unpinned ${ts} in ${channel}.` : `${ts} was not pinned.`
    return { structured: { channel_id: channel, ts, changed }, text }
  },
})

const addBookmark = defineWrite({
  name: 'slack_add_bookmark',
  title: 'Bookmark a link',
  description: 'Adds a link to the bookmarks of a channel.',
  hints: ADDS,
  ...BOOKMARK,
  input: { channel_id: channelField, title: titleField, link: linkField },
  output: BOOKMARKED,
  write: async ({ channel_id: given, title, link }, writing) => {
    const channel = await writing.channel(given)
    const args = { channel_id: channel, title: plainText(title), type: 'link', link }
    const { bookmark } = await writing.send('bookmarks.add', args, BOOKMARK_REPLY)
    const structured = { channel_id: channel, bookmark_id: bookmark.id }
    return { structured, text: `Added bookmark ${bookmark.id} to ${channel}.` }
  },
})

const editBookmark = defineWrite({
  name: 'slack_edit_bookmark',
  title: 'Change a bookmark',
  description: 'Replaces the title or the link of a bookmark.',
  hints: REPLACES,
  ...BOOKMARK,
  input: {
    channel_id: channelField,
    bookmark_id: bookmarkField,
    title: titleField.optional(),
    link: linkField.optional(),
  },
  output: BOOKMARKED,
  write: async ({ channel_id: given, bookmark_id: id, title, link }, writing) => {
    if (title === undefined && link === undefined) {
      throw new AppError('request_invalid', 'title or link must say what to change', {
        outcome: 'not_sent',
      })
    }
    const channel = await writing.channel(given)
    const changes = {
      ...(title === undefined ? {} : { title: plainText(title) }),
      ...(link === undefined ? {} : { link }),
    }
    const args = { channel_id: channel, bookmark_id: id, ...changes }
    await writing.send('bookmarks.edit', args, NOTHING)
    const structured = { channel_id: channel, bookmark_id: id }
    return { structured, text: `Changed bookmark ${id} of ${channel}.` }
  },
})

const removeBookmark = defineWrite({
  name: 'slack_remove_bookmark',
  title: 'Remove a bookmark',
  description: 'Removes a bookmark of a channel.',
  hints: REPLACES,
  ...BOOKMARK,
  input: { channel_id: channelField, bookmark_id: bookmarkField },
  output: BOOKMARKED,
  write: async ({ channel_id: given, bookmark_id: id }, writing) => {
    const channel = await writing.channel(given)
    await writing.send('bookmarks.remove', { channel_id: channel, bookmark_id: id }, NOTHING)
    const structured = { channel_id: channel, bookmark_id: id }
    return { structured, text: `Removed bookmark ${id} of ${channel}.` }
  },
})

/** Pins and bookmarks. */
export const EXTRA_TOOLS: readonly WriteEntry[] = [
  addPin,
  removePin,
  addBookmark,
  editBookmark,
  removeBookmark,
]
