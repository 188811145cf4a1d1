import {
  configured,
  https,
  redirect,
  refresh,
  rotation,
  scopes,
  teams,
} from '../probes/slack/app.ts'
import { errors, isolation, timeouts, toolCall } from '../probes/slack/calls.ts'
import { cors, installPage, key, running, sessions, state } from '../probes/slack/edge.ts'
import { withoutSlack } from '../probes/slack/slack-probe.ts'
import { debug, encrypted, storage } from '../probes/slack/storage.ts'
import type { AnswerTable } from './answer.ts'

/** The Slack server of a deployment. */
export const SLACK = {
  'slack/configured': configured,
  'slack/running': running,
  'slack/scopes': scopes,
  'slack/rotation': rotation,
  'slack/refresh': refresh,
  'slack/redirect': redirect,
  'slack/https': https,
  'slack/teams': teams,
  'slack/key': key,
  'slack/cors': cors,
  'slack/install-page': installPage,
  'slack/state': state,
  'slack/sessions': sessions,
  'slack/call': toolCall,
  'slack/timeouts': timeouts,
  'slack/errors': errors,
  'slack/isolation': isolation,
  'slack/storage': storage,
  'slack/encrypted': encrypted,
  'slack/debug': debug,
  'slack/post': {
    kind: 'attested',
    title:
      'Was a message posted into a test channel and deleted again, with `sallyport slack prove --channel NAME`?',
    remedy:
      'run `sallyport slack prove --channel NAME`, then attest it with `sallyport attest slack/post --by NAME --note TEXT`',
    exempt: withoutSlack,
  },
} as const satisfies AnswerTable
