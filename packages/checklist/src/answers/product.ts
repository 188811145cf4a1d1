import type { ClaimId } from '@sallyport/contract/claims'
import { objectivesDeclared } from '../probes/objectives-declared.ts'
import type { AnswerTable, Enforced } from './answer.ts'

/** What the product keeps by itself, and what the deployment declares of itself. */
export const PRODUCT = {
  'objectives/declared': objectivesDeclared,
  'product/restart-procedure': keeps(
    'One command restarts a server, also while calls run; docs/servers.md says how',
    'operate/restart',
    'command/help',
  ),
  'product/rollback-procedure': keeps(
    'One command goes back to the configuration before; docs/reload.md says how',
    'operate/rollback',
    'reload/rollback',
  ),
  'product/drain': keeps(
    '`drain` stops new calls and lets running ones finish, also over a restart',
    'operate/drain',
    'operate/marks/kept',
  ),
  'product/sessions-survive': keeps(
    'Sessions are served on after a restart, by any process',
    'wire/session/restart',
    'wire/session/sealed',
  ),
  'product/servers-added': keeps(
    'Servers that are added over the API are kept and take calls',
    'entries/kept',
    'entries/calls',
  ),
  'product/options-documented': keeps(
    'Every option is in the reference and in the schema for editors, made from one source',
    'config/editor-schema',
    'config/samples',
  ),
  'product/api-documented': keeps(
    'The API describes itself, and every example of its pages is run',
    'admin-api/openapi',
    'admin-api/examples',
  ),
  'product/older-version': keeps(
    'Migrations only add, and an embedded store is copied before one: the version before still runs',
    'store/migrate',
    'store/newer',
  ),
  'product/migrations-shown': keeps(
    'What an upgrade would migrate is shown before it does',
    'store/migrate/plan',
    'command/validate',
  ),
  'product/erasure': keeps(
    'One command deletes what is kept of a person, and the audit log stays whole',
    'secrets/erase/removed',
    'secrets/erase/chain',
  ),
  'product/no-injection': keeps(
    'Text of callers is never run as SQL or as a command',
    'attacks/injection',
    'attacks/commands',
  ),
  'product/no-markup': keeps(
    'Text from outside is never markup, nor a control character',
    'attacks/pages',
    'slack/oauth/escaped',
    'command/control-characters',
  ),
  'product/fair-queues': keeps(
    'Callers wait in turn, and none takes the room of others',
    'limits/queue/fair',
    'limits/queue/principal',
  ),
  'product/sessions-bounded': keeps(
    'Sessions are bounded and end without anything having to tidy up',
    'wire/session/room',
    'wire/session/life',
  ),
  'product/store-faults': keeps(
    'A store that is full, broken or hangs loses no answered call',
    'store/faults/full',
    'store/faults/paused',
  ),
  'product/no-leaks': keeps(
    'Neither processes nor files are left behind',
    'reliability/orphans',
    'reliability/files',
  ),
  'product/no-downtime': keeps(
    'A new version takes over without a failed call',
    'handover/no-failed-call',
    'handover/rolling',
  ),
  'product/limits-tidy': keeps(
    'Rates and quotas are bounded and tidy up by themselves',
    'quotas/rate',
    'quotas/whole',
  ),
  'product/revocation': keeps(
    'Each caller has a key of its own; a revoked one ends at once, with its streams',
    'door/key/revoked',
    'door/key/revoked-ends',
  ),
  'product/refuses-open': keeps(
    'What is bound beyond loopback without authentication does not start',
    'config/refuse/open',
    'config/refuse/anonymous',
  ),
  'product/refuses-empty': keeps(
    'Weak tokens are refused at the start, and `INSTANCES` without one',
    'config/refuse/weak-token',
    'config/instances/token',
  ),
  'product/constant-time': keeps(
    'Tokens are compared in constant time, by their hash',
    'door/credential/timing',
    'attacks/timing',
  ),
} as const satisfies AnswerTable

function keeps(title: string, ...claims: readonly [ClaimId, ...ClaimId[]]): Enforced {
  return { kind: 'enforced', title, claims }
}
