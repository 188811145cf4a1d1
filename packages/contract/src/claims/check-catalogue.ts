import type { ClaimsOf } from './claim.ts'

/** The checklist's catalogue. */
export const CHECK_CATALOGUE = {
  'check/catalogue/whole': {
    behavior:
      'Every box of the four checklists and every rule of the exposure document is an item, once.',
    source: 'seeds: 388 boxes and 32 rules',
  },
  'check/catalogue/answered': {
    behavior: 'Every item names what answers it, and every answer is taken by an item.',
    source: 'design §8 `check`; facts/gateways.md §1.4',
  },
  'check/catalogue/tested': {
    behavior: 'Every probe and every drill has a claim of its own, which a test must prove.',
    source: 'facts/gateways.md §1.3: a checklist that does not verify itself',
  },
  'check/catalogue/mechanical': {
    behavior: 'At least three of four items are answered by a program.',
    source: 'facts/slack.md §1.9; facts/discord.md §1.10',
  },
  'check/recipe-13': {
    behavior:
      "On a local deployment in order every box of MCP Hangar's recipe 13 that awaits no later part is proved, attested or not applicable.",
    source: 'Hangar recipe 13',
  },
  'check/objectives/declared': {
    behavior:
      'Where nobody declared how long recovery may take and how much may be lost, it is unproved.',
    source: 'S 159, S 174-175',
  },
} as const satisfies ClaimsOf<'check'>
