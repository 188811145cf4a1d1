import {
  connected,
  guilds,
  intents,
  permissions,
  personality,
  roleOrder,
  uniquePrefix,
  uniqueSchema,
  uniqueToken,
  withoutDiscord,
} from '../probes/discord/instances.ts'
import type { AnswerTable, Awaiting } from './answer.ts'

/** The Discord instances of a deployment, through what the Discord server will tell of them. */
export const DISCORD = {
  'discord/unique-token': uniqueToken,
  'discord/unique-schema': uniqueSchema,
  'discord/unique-prefix': uniquePrefix,
  'discord/permissions': permissions,
  'discord/role-order': roleOrder,
  'discord/intents': intents,
  'discord/guilds': guilds,
  'discord/connected': connected,
  'discord/personality': personality,
  'discord/features': awaits('08a', 'probe', 'Every feature that is on is configured'),
  'discord/verification': awaits('08b', 'probe', 'The Minecraft plugin takes the secret'),
  'discord/command': awaits('08a', 'drill', 'Commands answer in a test channel'),
} as const satisfies AnswerTable

function awaits(part: Awaiting['part'], by: Awaiting['by'], title: string): Awaiting {
  return { kind: 'awaits', part, by, title, exempt: withoutDiscord }
}
