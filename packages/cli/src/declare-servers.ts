import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'
import { declareServerEntries } from './declare-entries.ts'
import type { ServerAction } from './socket-administration.ts'

const REASON = ['--reason <text>', 'why, for whoever looks next'] as const
const NAME = ['<name>', 'as `servers` lists it'] as const

/** `servers` and the words below it. */
export function declareServers(program: Command, context: Context, finish: Finish): void {
  const servers = program
    .command('servers')
    .summary('see, operate, add and remove the servers of the running gateway')
    .description(
      'The servers of the running gateway. Alone it is `servers list`, with its options. `block`, ' +
        '`drain` and their opposites also work while no gateway runs.',
    )
  declareSight(servers, context, finish)
  declareTurns(servers, context, finish)
  declareMarks(servers, context, finish)
  declareServerEntries(servers, context, finish)
}

function declareSight(servers: Command, context: Context, finish: Finish): void {
  servers
    .command('list', { isDefault: true })
    .description('Shows each server: state and why, last check, calls in flight, tools.')
    .allowExcessArguments()
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options, command) => {
      await refuseWords(servers, command.args)
      const { listServers } = await import('./verbs/servers.ts')
      finish(await listServers(context, options))
    })
  servers
    .command('show')
    .description('Shows all that is known of one server: also its owner and its runbook.')
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { showServer } = await import('./verbs/servers.ts')
      finish(await showServer(context, name, options))
    })
  servers
    .command('logs')
    .description('Prints what the children of a server wrote to stderr, oldest first.')
    .argument(...NAME)
    .option('--lines <count>', 'the newest ones, 1 to 1000', '100')
    .option('--follow', 'go on with what comes, until Ctrl-C')
    .option(...CONFIG)
    .option('--json', 'print { items }; with --follow an object on each line')
    .action(async (name, options) => {
      const { showLogs } = await import('./verbs/server-logs.ts')
      finish(await showLogs(context, name, options))
    })
}

/** A misspelt word stands where `list` is meant by leaving it out. */
async function refuseWords(servers: Command, [word]: readonly string[]): Promise<void> {
  if (word === undefined) return
  const { suggest } = await import('@sallyport/kit/config')
  const meant = suggest(
    word,
    servers.commands.map((command) => command.name()),
  )
  const hint = meant === undefined ? 'see: sallyport servers --help' : `did you mean \`${meant}\`?`
  throw new AppError('usage', `\`servers\` has no \`${printable(word, 64)}\`: ${hint}`)
}

function declareTurns(servers: Command, context: Context, finish: Finish): void {
  const turns = {
    start: 'Starts a server now. Exit code 1 when it does not start.',
    stop: 'Lets running calls finish, then ends its sessions and children. The next call starts it again.',
    restart: 'Stops a server, letting running calls finish, and starts it again.',
    warm: 'Sees that the lists of a server are read, starting it only for that.',
  } satisfies Record<ServerAction, string>
  for (const [action, description] of Object.entries(turns)) {
    servers
      .command(action)
      .description(description)
      .argument(...NAME)
      .option(...CONFIG)
      .option(...JSON_OUTPUT)
      .action(async (name, options) => {
        const { turnServer } = await import('./verbs/server-turns.ts')
        const turn = { name, action: action as ServerAction } // a key of the table above
        finish(await turnServer(context, turn, options))
      })
  }
  servers
    .command('check')
    .description(
      'Looks at a server now: its configured call, else a ping. Exit code 1 when it is not healthy.',
    )
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { checkServer } = await import('./verbs/server-turns.ts')
      finish(await checkServer(context, name, options))
    })
}

function declareMarks(servers: Command, context: Context, finish: Finish): void {
  const marks = [
    ['block', 'blocked', 'Hides a server and refuses calls to it, also after a restart.'],
    ['unblock', 'blocked', 'Shows a blocked server again and takes calls to it.'],
    ['drain', 'draining', 'Refuses new calls to a server and lets running ones finish.'],
    ['undrain', 'draining', 'Takes calls to a draining server again.'],
  ] as const
  for (const [word, kind, description] of marks) {
    const command = servers
      .command(word)
      .description(description)
      .argument(...NAME)
    const sets = !word.startsWith('un')
    if (sets) command.option(...REASON)
    command
      .option(...CONFIG)
      .option(...JSON_OUTPUT)
      .action(async (server, options) => {
        const { clearMark, setMark } = await import('./verbs/marks.ts')
        finish(await (sets ? setMark : clearMark)(context, { server, kind }, options))
      })
  }
}
