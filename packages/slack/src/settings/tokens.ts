import { judgeToken } from '@sallyport/kit/door'
import { Secret } from '@sallyport/kit/secret'
import type { SlackToken } from './settings.ts'
import { partsOf } from './fields.ts'
import type { Fault, VariableReader } from './variable-reader.ts'

const TOKENS_MAX = 1_000
const TEAMS_MAX = 1_000
/** Two, so that clients can go over from one to the other. */
const VALUES_MAX = 2
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
/** Source: Slack, "Workspace object": ids begin with T. */
const TEAM = /^T[A-Z0-9]{2,30}$/
const FORM = 'write `token`, `NAME=token` or `NAME:TEAM[+TEAM]=token`, with commas between'

/** Whether a text is an id of a workspace by its form. */
export function isTeamId(text: string): boolean {
  return TEAM.test(text)
}

/** The tokens of SALLYPORT_TOKEN, or of its other name; none is a refusal. Where something was refused, not all. */
export function readTokens(reader: VariableReader): readonly SlackToken[] {
  const own = reader.text('SALLYPORT_TOKEN')
  const other = reader.text('AFFINITYBOTS_MCP_API_KEY')
  if (own !== undefined && other !== undefined && own !== other) {
    const message = 'is set beside SALLYPORT_TOKEN, to something else'
    const remedy = 'keep SALLYPORT_TOKEN; it takes several tokens with commas between'
    reader.refuse('AFFINITYBOTS_MCP_API_KEY', { message, remedy })
  }
  const name =
    own === undefined && other !== undefined ? 'AFFINITYBOTS_MCP_API_KEY' : 'SALLYPORT_TOKEN'
  const text = own ?? other
  if (text !== undefined) return parseTokens(text, (fault) => reader.refuse(name, fault))
  const message = 'is not set, and nobody is let in without a token'
  const remedy = 'set it to a random token: `openssl rand -hex 32`'
  reader.refuse(name, { message, remedy })
  return []
}

/** One part of the list. `values` has one. */
interface Part {
  readonly name: string | undefined
  readonly teams: readonly string[] | undefined
  readonly value: string
}

/**
 * Reads `token`, `NAME=token` and `NAME:TEAM[+TEAM]=token` with commas between them. A name may stand twice with
 * the same teams: while clients go over to another token, both are good.
 *
 * @param refuse told everything that is wrong; no message holds a token
 */
export function parseTokens(text: string, refuse: (fault: Fault) => void): SlackToken[] {
  const parts = partsOf(text)
  if (parts.length === 0) refuse({ message: 'is an empty list', remedy: FORM })
  if (parts.length > TOKENS_MAX) {
    refuse({ message: `has more than ${TOKENS_MAX} tokens`, remedy: 'shorten it' })
  }
  const tokens = new Map<string, SlackToken>()
  for (const [index, text_] of parts.entries()) {
    const found = parsePart(text_)
    const fault = 'fault' in found ? found.fault : judge(found, tokens, index)
    if (fault !== undefined) {
      const which = parts.length === 1 ? '' : `entry ${index + 1} `
      refuse({ ...fault, message: `${which}${fault.message}` })
    } else if (!('fault' in found)) add(tokens, found, index)
  }
  refuseRepeats(tokens, refuse)
  return [...tokens.values()]
}

function parsePart(text: string): Part | { readonly fault: Fault } {
  const split = text.indexOf('=')
  // Base64 may end in `=`.
  if (split < 0 || /^=*$/.test(text.slice(split))) {
    return { name: undefined, teams: undefined, value: text }
  }
  const [name = '', teams, ...more] = text.slice(0, split).split(':')
  if (!NAME.test(name) || more.length > 0) {
    const message =
      'has no usable name before `=`: 1 to 64 letters, digits, `_`, `.` and `-`, then perhaps `:` and teams'
    return { fault: { message, remedy: FORM } }
  }
  const value = text.slice(split + 1).trim()
  if (teams === undefined) return { name, teams: undefined, value }
  const ids = [...new Set(teams.split('+'))]
  if (ids.length <= TEAMS_MAX && ids.every(isTeamId)) return { name, teams: ids, value }
  const message = `binds \`${name}\` to something that is no team id (\`T\` and capitals or digits)`
  return { fault: { message, remedy: 'write it like `NAME:T0123ABCD+T0456EFGH=token`' } }
}

function judge(
  { name, teams, value }: Part,
  tokens: ReadonlyMap<string, SlackToken>,
  index: number,
): Fault | undefined {
  const weakness = judgeToken(value)
  if (weakness !== undefined) {
    const [reason = '', ...remedy] = weakness.split('; ')
    return { message: reason, remedy: remedy.join('; ') }
  }
  const known = tokens.get(name ?? nameOf(index))
  if (known === undefined) return undefined
  if (known.values.length >= VALUES_MAX) {
    const message = `gives \`${known.name}\` a third token`
    return { message, remedy: 'remove the oldest one, or give another name' }
  }
  if (String(known.teams) === String(teams)) return undefined
  const message = `gives \`${known.name}\` other teams than an entry before`
  return { message, remedy: 'give it another name, or the same teams' }
}

function add(tokens: Map<string, SlackToken>, { name, teams, value }: Part, index: number): void {
  const key = name ?? nameOf(index)
  const values = [...(tokens.get(key)?.values ?? []), new Secret(value)]
  tokens.set(key, { name: key, teams, values })
}

function nameOf(index: number): string {
  return `token-${index + 1}`
}

function refuseRepeats(
  tokens: ReadonlyMap<string, SlackToken>,
  refuse: (fault: Fault) => void,
): void {
  const owners = new Map<string, string>()
  for (const { name, values } of tokens.values()) {
    for (const value of values) {
      const owner = owners.get(value.reveal())
      if (owner !== undefined) {
        const message = `gives \`${owner}\` and \`${name}\` the same token`
        refuse({ message, remedy: 'give each its own' })
      }
      owners.set(value.reveal(), name)
    }
  }
}
