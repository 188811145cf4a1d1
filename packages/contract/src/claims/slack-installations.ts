import type { ClaimsOf } from './claim.ts'

/** How the Slack server keeps the apps that are installed in workspaces, and their tokens. */
export const SLACK_INSTALLATIONS = {
  'slack/installations/sealed': {
    behavior:
      'No token, refresh token or client secret can be read in the files or pages of a store or in a copy of it; with a wrong master key nothing starts, and after its rotation every installation works.',
    source: 'Scenario 4 of the Slack facts; Slack checklist, "Tokens encrypted at rest"',
  },
  'slack/installations/live': {
    behavior:
      'An installation that one process saves, changes or removes is so for every process of the store within a second.',
    source: 'Slack checklist, "Storage", several instances',
  },
  'slack/installations/kept': {
    behavior: 'After a graceful stop and after a kill every installation works without a new one.',
    source: 'Scenario 8 of the Slack facts; Slack checklist, "Storage"',
  },
  'slack/installations/removed': {
    behavior:
      'An installation that is removed leaves neither tokens nor anything else in the store or in memory, and others are as they were.',
    source: 'Scenario 9 of the Slack facts',
  },
  'slack/installations/erased': {
    behavior:
      'Erasing whoever installed an app removes their id and their own token; the app goes on working in the workspace.',
    source: 'Checklist, K 103',
  },
  'slack/refresh/once': {
    behavior:
      'However many calls in however many processes meet a token that is due, it is refreshed once, and all of them go on with the new one.',
    source: 'Scenario 5 of the Slack facts; Slack, "Token rotation"',
  },
  'slack/refresh/committed': {
    behavior:
      'A new pair is in the store before anybody calls with it, and is not lost while the store cannot be written.',
    source: 'Slack, "Token rotation": a refresh token is good once',
  },
  'slack/refresh/dead': {
    behavior:
      'A refresh token that Slack does not take makes every call of that workspace say that the app must be installed again, without asking Slack again; other workspaces go on.',
    source: 'Scenario 6 of the Slack facts',
  },
  'slack/refresh/lost': {
    behavior:
      'When a process ends after Slack issued a pair and before it is kept, calls say that the app must be installed again; none is made with the dead token as if nothing had happened.',
    source: 'Scenario 6 of the Slack facts',
  },
  'slack/refresh/late': {
    behavior:
      'A process that was away while another despaired of the refresh token still keeps the pair it got for it.',
    source: 'Slack, "Token rotation": a refresh token is good once',
  },
  'slack/refresh/storm': {
    behavior:
      'While Slack gives no new pair the old token does until its end, and all processes together ask again after a pause that grows.',
    source: 'Scenario 6 of the Slack facts',
  },
  'slack/uninstall/learned': {
    behavior:
      'A token that Slack says is revoked or of a removed app ends the installation for every process, the call is not tried again, and other workspaces go on.',
    source: 'Scenario 9 of the Slack facts',
  },
  'slack/uninstall/event': {
    behavior:
      'An event about tokens ends those it speaks of, unless the installation is newer than the event.',
    source: 'Slack, "app_uninstalled", "tokens_revoked"',
  },
} as const satisfies ClaimsOf<'slack'>
