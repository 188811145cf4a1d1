import { partsOf } from './fields.ts'
import type { WriteRule } from './settings.ts'
import type { Fault } from './variable-reader.ts'

const CHANNELS_MAX = 1_000
/** An id, or a name. Source: Slack, conversations.create: names are lower case, at most 80 characters. */
const CHANNEL = /^#?[\p{L}\p{N}_-]{1,80}$/u
/** Names have no capitals. */
const ID_AS_NAME = /^#[CDGUW](?=[A-Z]*\d)[A-Z0-9]{6,30}$/
const FORM =
  'write ids or names like `C0123ABCD,#bots`, each with `!` before it for all but these, or `*` for all'

/**
 * Where writes are allowed: `C1,#bots` only there, `!C1,!#general` everywhere else, `*` everywhere, nothing
 * nowhere.
 */
export function parseWriteRule(text: string | undefined): WriteRule | { readonly fault: Fault } {
  const parts = partsOf(text ?? '')
  if (parts.length === 0) return { kind: 'none' }
  if (parts.length > CHANNELS_MAX) {
    return { fault: { message: `has more than ${CHANNELS_MAX} channels`, remedy: 'shorten it' } }
  }
  if (parts.length === 1 && parts[0] === '*') return { kind: 'except', channels: [] }
  const denied = parts.filter((part) => part.startsWith('!'))
  if (denied.length > 0 && denied.length < parts.length) {
    const message = 'names some channels with `!` and some without'
    return { fault: { message, remedy: FORM } }
  }
  const kind = denied.length > 0 ? 'except' : 'only'
  const names = parts.map((part) => part.replace(/^!\s*/, ''))
  const wrong = names.findIndex((name) => !CHANNEL.test(name))
  if (wrong >= 0) {
    return { fault: { message: `entry ${wrong + 1} is no channel id or name`, remedy: FORM } }
  }
  // As a name it would be that of no channel, and a channel that was to be denied is not.
  const marked = names.findIndex((name) => ID_AS_NAME.test(name))
  if (marked >= 0) {
    const message = `entry ${marked + 1} is an id with \`#\` before it`
    return { fault: { message, remedy: FORM } }
  }
  return { kind, channels: names.map(normalise) }
}

/** Ids, those of people for direct messages too, keep their capitals; names have none. */
function normalise(text: string): string {
  const bare = text.replace(/^#/, '')
  return !text.startsWith('#') && /^[CDGUW][A-Z0-9]{6,30}$/.test(bare) ? bare : bare.toLowerCase()
}
