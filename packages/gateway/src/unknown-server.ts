import { suggest } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'

const NAME_CHARACTERS_MAX = 64
const MEMBERS_NAMED_MAX = 5

/** The names that a configuration gives to servers and groups. */
export interface KnownNames {
  readonly servers: Readonly<Record<string, unknown>>
  readonly groups: Readonly<Record<string, { readonly members: readonly { server: string }[] }>>
}

/** The `not_found` for a name that no server has; names what was probably meant. */
export function unknownServer(name: string, { servers, groups }: KnownNames): AppError {
  const group = Object.hasOwn(groups, name) ? groups[name] : undefined
  if (group !== undefined) {
    const members = group.members.slice(0, MEMBERS_NAMED_MAX).map(({ server }) => `\`${server}\``)
    const more = group.members.length > MEMBERS_NAMED_MAX ? ', ...' : ''
    const sentence = `\`${name}\` is a group: name one of its members, ${members.join(', ')}${more}`
    return new AppError('not_found', sentence)
  }
  const known = Object.keys(servers)
  const meant = suggest(name.slice(0, NAME_CHARACTERS_MAX), known)
  const shown = printable(name, NAME_CHARACTERS_MAX)
  const hint = meant === undefined ? remedyOf(known) : `; did you mean \`${meant}\`?`
  return new AppError('not_found', `there is no server \`${shown}\`${hint}`)
}

function remedyOf(known: readonly string[]): string {
  return known.length === 0 ? ': none is configured' : ': `servers` lists them'
}
