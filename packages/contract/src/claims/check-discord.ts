import type { ClaimsOf } from './claim.ts'

/** What the checklist says of Discord instances. */
export const CHECK_DISCORD = {
  'check/discord/permissions': {
    behavior: 'A bot that is an administrator fails.',
    source: 'D 9',
  },
  'check/discord/role-order': {
    behavior: 'A bot below a role that it manages fails.',
    source: 'D 10',
  },
  'check/discord/intents': {
    behavior: 'A bot without a privileged intent fails.',
    source: 'D 11',
  },
  'check/discord/guilds': {
    behavior: 'A bot that is not in a configured guild fails.',
    source: 'D 12',
  },
  'check/discord/connected': {
    behavior: 'A bot that is not connected fails.',
    source: 'D 49',
  },
  'check/discord/personality': {
    behavior: 'A bot with the shipped personality fails.',
    source: 'D 27',
  },
  'check/discord/unique-token': {
    behavior: 'Two bots with one token fail.',
    source: 'D 43',
  },
  'check/discord/unique-schema': {
    behavior: 'Two bots with one schema fail.',
    source: 'D 42',
  },
  'check/discord/unique-prefix': {
    behavior: 'Two bots with one prefix fail.',
    source: 'D 46',
  },
} as const satisfies ClaimsOf<'check'>
