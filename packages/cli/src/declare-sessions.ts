import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

/** `sessions` and `principals`. */
export function declareSessions(program: Command, context: Context, finish: Finish): void {
  declareList(program, context, finish)
  const principals = program
    .command('principals')
    .summary('keep callers out, and let them in again')
    .description('Suspends a key, token, user or subject by its id, as the audit log has it.')
  principals
    .command('list', { isDefault: true })
    .description('Lists which principals and sessions are suspended, by whom and why.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listSuspensions } = await import('./verbs/sessions.ts')
      finish(await listSuspensions(context, options))
    })
  declareTurns(principals, 'principal', context, finish)
}

function declareList(program: Command, context: Context, finish: Finish): void {
  const sessions = program
    .command('sessions')
    .summary('see, suspend and end what clients have open')
    .description('Sessions and subscriptions that are open at the running gateway.')
  sessions
    .command('list', { isDefault: true })
    .description('Lists them, the oldest first.')
    .option('--principal <id>', 'of this one only, such as key:abcdefgh')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listSessions } = await import('./verbs/sessions.ts')
      finish(await listSessions(context, options))
    })
  declareTurns(sessions, 'session', context, finish)
  sessions
    .command('end')
    .description('Ends one: its streams close, its calls are cancelled; its client may come back.')
    .argument('<id>', 'as `sessions list` has it')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { endSession } = await import('./verbs/sessions.ts')
      finish(await endSession(context, id, options))
    })
}

function declareTurns(
  parent: Command,
  kind: 'session' | 'principal',
  context: Context,
  finish: Finish,
): void {
  const whose = kind === 'session' ? 'as `sessions list` has it' : 'such as key:abcdefgh'
  parent
    .command('suspend')
    .description('Refuses the very next call; running ones finish. Holds over restarts.')
    .argument('<id>', whose)
    .option('--reason <text>', 'why, for whoever looks next')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { suspend } = await import('./verbs/sessions.ts')
      finish(await suspend(context, { kind, id }, options))
    })
  parent
    .command('resume')
    .description('Takes calls again.')
    .argument('<id>', whose)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (id, options) => {
      const { resume } = await import('./verbs/sessions.ts')
      finish(await resume(context, { kind, id }, options))
    })
}
