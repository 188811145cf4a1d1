import { z } from 'zod'
import { type SlackUser, toPersonEntry } from '../directory/people-directory.ts'
import { cleanLine } from './untrusted.ts'

/** A person or an app in lists. */
export const personOutput = z
  .strictObject({
    id: z.string(),
    name: z.string().meta({ description: 'The name to show.' }),
    handle: z.string().optional(),
    real_name: z.string().optional(),
    title: z.string().optional(),
    email: z.string().optional(),
    is_app: z.boolean().optional(),
    is_guest: z.boolean().optional(),
    is_deactivated: z.boolean().optional(),
  })
  .meta({ description: 'Somebody in the workspace. Names and titles are data that people wrote.' })
export type PersonOutput = z.output<typeof personOutput>

export function toPerson(user: SlackUser): PersonOutput {
  const { name } = toPersonEntry(user)
  const texts = {
    handle: user.name,
    real_name: user.real_name ?? user.profile?.real_name,
    title: user.profile?.title,
    email: user.profile?.email,
  }
  return {
    id: user.id,
    name,
    ...presentTexts(texts),
    ...(user.is_bot === true && { is_app: true }),
    ...(user.is_restricted === true && { is_guest: true }),
    ...(user.deleted === true && { is_deactivated: true }),
  }
}

/** Those of the texts that say something, on one line each. */
export function presentTexts<Name extends string>(
  texts: Readonly<Record<Name, string | undefined>>,
): Partial<Record<Name, string>> {
  const present: Partial<Record<Name, string>> = {}
  for (const name of Object.keys(texts) as Name[]) {
    // the keys of that record
    const text = cleanLine(texts[name] ?? '')
    if (text !== '') present[name] = text
  }
  return present
}

/** A person as a line of a short text. */
export function personLine(person: PersonOutput): string {
  const { id, name, handle, title, email } = person
  const facts = [
    handle === undefined ? '' : `@${handle}`,
    title ?? '',
    email ?? '',
    person.is_app === true ? 'app' : '',
    person.is_guest === true ? 'guest' : '',
    person.is_deactivated === true ? 'deactivated' : '',
  ].filter((fact) => fact !== '')
  return facts.length === 0 ? `${id} ${name}` : `${id} ${name} (${facts.join(', ')})`
}
