import type { ClaimsOf } from './claim.ts'

/** What the checklist says of a Slack server. */
export const CHECK_SLACK = {
  'check/slack/configured': {
    behavior: 'A Slack server whose settings are wrong is unproved; one with an app is proved.',
    source: 'K 5, K 12-14',
  },
  'check/slack/running': {
    behavior: 'A Slack server that does not answer fails.',
    source: 'K 43',
  },
  'check/slack/scopes': {
    behavior: 'Scopes that the app does not ask for, or a workspace did not give, fail.',
    source: 'K 6, K 16',
  },
  'check/slack/rotation': {
    behavior: 'Tokens that never end leave it unproved.',
    source: 'K 7',
  },
  'check/slack/refresh': {
    behavior:
      'A token that ran out, or an installation that must be made again, fails; where none ends it does not apply.',
    source: 'K 67, K 109',
  },
  'check/slack/redirect': {
    behavior: 'A redirect address in the clear, on another host or beside the callback fails.',
    source: 'K 8-9, K 15',
  },
  'check/slack/https': {
    behavior: 'A public address in the clear fails.',
    source: 'K 20, K 31',
  },
  'check/slack/teams': {
    behavior: 'A token that is bound to a workspace without the app fails.',
    source: 'K 51, K 89, K 110',
  },
  'check/slack/key': {
    behavior: 'Callers without a token, or with a wrong one, that are let in fail.',
    source: 'K 17, K 36, K 59, K 114; facts/slack.md scenario 20: open key',
  },
  'check/slack/cors': {
    behavior: 'A foreign origin that is allowed fails.',
    source: 'K 19, K 35, K 58, K 115; scenario 20: wildcard CORS',
  },
  'check/slack/install-page': {
    behavior: 'An install page that does not send to Slack with a state of its own fails.',
    source: 'K 50, K 54',
  },
  'check/slack/state': {
    behavior: 'A made-up state that is taken fails.',
    source: 'K 55, K 113; scenario 20: no state check',
  },
  'check/slack/sessions': {
    behavior: 'A session that is known after its end fails.',
    source: 'K 60-62, K 111; scenario 20: no pruning',
  },
  'check/slack/call': {
    behavior: 'A list of channels that is answered with an error fails.',
    source: 'K 64-65, K 107',
  },
  'check/slack/timeouts': {
    behavior: 'A call that is not answered within its deadline fails.',
    source: 'K 38; scenario 20: no timeout',
  },
  'check/slack/errors': {
    behavior: 'An error that holds a token, a stack or a path fails.',
    source: 'K 40, K 68, K 108; scenario 20: leaking errors',
  },
  'check/slack/isolation': {
    behavior: 'A workspace that answers a token that is not bound to it fails.',
    source: 'K 110; scenario 20: cross-team read',
  },
  'check/slack/storage': {
    behavior: 'A store that is empty while tokens are bound to workspaces fails.',
    source: 'K 24-25, K 53; scenario 20: memory store',
  },
  'check/slack/encrypted': {
    behavior: 'A token in the clear in a file beside the store fails.',
    source: 'K 53; scenario 20: plain tokens',
  },
  'check/slack/debug': {
    behavior:
      'Level debug, and a token of Slack in a log, fail; without a log to look at it is unproved.',
    source: 'K 21, K 39; scenario 20: debug logs',
  },
} as const satisfies ClaimsOf<'check'>
