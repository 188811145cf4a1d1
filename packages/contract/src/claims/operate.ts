import type { ClaimsOf } from './claim.ts'

/** What an operator does to a running gateway. */
export const OPERATE = {
  'operate/why': {
    behavior:
      'A server that does not work says why in `servers`, and where it is started or checked, with exit code 1.',
    source: 'design §8; seed Hangar checklist 82',
  },
  'operate/logs': {
    behavior:
      '`servers logs` prints what children wrote to stderr without control characters, and with `--follow` what comes, each line once.',
    source: 'design §5, §8',
  },
  'operate/restart': {
    behavior:
      '`servers restart` and `stop` let running calls finish, say what they waited for, and the next call starts a stopped server.',
    source: 'design §5, §8',
  },
  'operate/block': {
    behavior: 'A blocked server is on no list and its calls are refused.',
    source: 'design §5; Hangar scenario 11',
  },
  'operate/drain': {
    behavior:
      'While the gateway drains it is not ready, running calls finish and new ones are refused with a time to retry.',
    source: 'seed system checklist 267',
  },
  'operate/logged': {
    behavior:
      'What an operator does to a server or the configuration is a line of the log with who it was.',
    source: 'design §4; house style §3.10',
  },
  'operate/marks/kept': {
    behavior: 'What an operator blocked or drains stays so over a restart, also after `kill -9`.',
    source: 'seed system checklist 267; Hangar scenario 11',
  },
  'operate/marks/anywhere': {
    behavior: '`block`, `drain` and their opposites work while no gateway runs, too.',
    source: 'design §2, "Local administrator"',
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
  'operate/broken-file': {
    behavior:
      'A gateway is found and operated also after its file was broken; `config diff` and `config reload` print every problem of it and end with 2.',
    source: 'design §3, §8; Hangar scenario 8',
  },
  'operate/rollback': {
    behavior:
      '`config rollback` brings back what was in force before and says that the file differs.',
    source: 'design §8',
  },
} as const satisfies ClaimsOf<'operate'>
