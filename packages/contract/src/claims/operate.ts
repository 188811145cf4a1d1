import type { ClaimsOf } from './claim.ts'

/** What an operator does to a running gateway. */
export const OPERATE = {
  'operate/marks/kept': {
    behavior: 'What an operator blocked or drains stays so over a restart.',
    source: 'seed system checklist 267; Hangar scenario 11',
  },
  'operate/servers/unknown': {
    behavior:
      'A name that no server has is not found, and the name that was probably meant is told.',
    source: 'design §8',
  },
  'operate/lists/width': {
    behavior:
      'A list keeps to the width of the terminal: what matters least gives way, and a reason is never cut.',
    source: 'design §8',
  },
} as const satisfies ClaimsOf<'operate'>
