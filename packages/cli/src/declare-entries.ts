import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'
import type { EntryKind } from './socket-entries.ts'

const NAME = ['<name>', 'a-z, 0-9 and -, at most 32 characters'] as const
const DEFINITION = [
  '--definition <file>',
  'YAML or JSON as below its name in the file, - for stdin; flags go over it',
] as const

/** `add`, `change` and `remove` below `servers`, and what was added. */
export function declareServerEntries(servers: Command, context: Context, finish: Finish): void {
  declareChanges(servers, 'server', { context, finish }, (command) =>
    command
      .option('--url <url>', 'a remote server: public, or of `api.addresses` of the file')
      .option('--command <program>', 'a program that `api.commands` of the file allows')
      .option('--arg <text>', 'an argument of it; give it once for each', collect)
      .option(
        '--env <name=value>',
        'a variable it gets; a name alone takes its value here',
        collect,
      )
      .option('--header <name=value>', 'a header sent to a remote server', collect)
      .option('--share <who>', 'who shares a session with it: none, tenant or all'),
  )
  servers
    .command('added')
    .description('Lists what was added while the gateway ran: servers, groups and endpoints.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listEntries } = await import('./verbs/entries.ts')
      finish(await listEntries(context, options))
    })
}

/** `groups` with `add`, `change` and `remove`. */
export function declareGroups(program: Command, context: Context, finish: Finish): void {
  const groups = program
    .command('groups')
    .summary('see, add, change and remove groups of servers')
    .description('Groups of servers of the running gateway. Alone it is `groups list`.')
  groups
    .command('list', { isDefault: true })
    .description('Shows each group: which members take calls, and why not.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listGroups } = await import('./verbs/groups.ts')
      finish(await listGroups(context, options))
    })
  declareChanges(groups, 'group', { context, finish }, (command) =>
    command
      .option('--member <server>', 'a server of it; give it once for each', collect)
      .option('--strategy <name>', 'how the member of a call is chosen, such as priority'),
  )
}

/** `endpoints` with `add`, `change` and `remove`. */
export function declareEndpoints(program: Command, context: Context, finish: Finish): void {
  const endpoints = program
    .command('endpoints')
    .summary('see, add, change and remove endpoints')
    .description('Selections of tools at addresses of their own. Alone it is `endpoints list`.')
  endpoints
    .command('list', { isDefault: true })
    .description('Lists the endpoints of the file and those that were added.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listEndpoints } = await import('./verbs/entries.ts')
      finish(await listEndpoints(context, options))
    })
  declareChanges(endpoints, 'endpoint', { context, finish }, (command) =>
    command
      .option('--server <name>', 'a server or group it draws from; once for each', collect)
      .option('--allow <glob>', 'tools it shows, as <server>__<tool>; once for each', collect)
      .option('--deny <glob>', 'tools it does not show; once for each', collect),
  )
}

interface Told {
  readonly context: Context
  readonly finish: Finish
}

function declareChanges(
  parent: Command,
  kind: EntryKind,
  { context, finish }: Told,
  addFlags: (command: Command) => Command,
): void {
  const add = parent
    .command('add')
    .description(`Adds a ${kind} to the running gateway, in force at once and kept.`)
  addFlags(add.argument(...NAME))
    .option(...DEFINITION)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { addEntry } = await import('./verbs/entries.ts')
      finish(await addEntry(context, { kind, name }, options))
    })
  const change = parent
    .command('change')
    .description(
      `Changes a ${kind} that was added: what is given takes the place of what is there.`,
    )
  addFlags(change.argument(...NAME))
    .option(...DEFINITION)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { changeEntry } = await import('./verbs/entries.ts')
      finish(await changeEntry(context, { kind, name }, options))
    })
  parent
    .command('remove')
    .description(`Removes a ${kind} that was added; calls under way finish.`)
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { removeEntry } = await import('./verbs/entries.ts')
      finish(await removeEntry(context, { kind, name }, options))
    })
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
