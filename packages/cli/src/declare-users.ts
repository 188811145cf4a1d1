import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

const ROLE = ['--role <role>', 'what the person may do; again for another', collect] as const
const PASSWORD = ['--password-stdin', 'take the password from stdin, one line'] as const
const NAME = ['<name>', 'what the person types at login, or the id'] as const

/** `admin` and `users`. */
export function declareUsers(program: Command, context: Context, finish: Finish): void {
  const admin = program
    .command('admin')
    .summary('make the first admin; let one in again')
    .description('For who sits at the machine of the gateway; needs no key and no password.')
  declareAdmin(admin, context, finish)
  const users = program
    .command('users')
    .summary('create, list, change and remove people who log in')
    .description(
      'People who log in to the admin API and the console. A running gateway is told over its ' +
        'local socket; otherwise its store is opened. Neither needs a key.',
    )
  declareList(users, context, finish)
  declareChange(users, context, finish)
  declareTurns(users, context, finish)
}

function declareAdmin(admin: Command, context: Context, finish: Finish): void {
  admin
    .command('bootstrap')
    .description(
      'Makes the first admin and prints a password, this once. Refused when there is one.',
    )
    .argument('[name]', 'what the admin types at login', 'admin')
    .option(...PASSWORD)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { bootstrapAdmin } = await import('./verbs/users.ts')
      finish(await bootstrapAdmin(context, name, options))
    })
  admin
    .command('reset')
    .description('Gives a person a new password, printed this once, and enables it.')
    .argument(...NAME)
    .option(...PASSWORD)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { resetAdmin } = await import('./verbs/users.ts')
      finish(await resetAdmin(context, name, options))
    })
}

function declareList(users: Command, context: Context, finish: Finish): void {
  users
    .command('list', { isDefault: true })
    .description('Lists the people who may log in.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listUsers } = await import('./verbs/users.ts')
      finish(await listUsers(context, options))
    })
  users
    .command('create')
    .description('Lets a person log in, and prints a first password, this once.')
    .argument('<name>', 'what the person types at login')
    .option(...ROLE)
    .option('--tenant <tenant>', 'the tenant the person belongs to')
    .option(...PASSWORD)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { createUser } = await import('./verbs/users.ts')
      finish(await createUser(context, name, options))
    })
}

function declareChange(users: Command, context: Context, finish: Finish): void {
  users
    .command('change')
    .description('Changes a person. New roles or another tenant end all its logins.')
    .argument(...NAME)
    .option('--name <name>', 'another name')
    .option(...ROLE)
    .option('--tenant <tenant>', 'another tenant')
    .option('--no-tenant', 'no tenant')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { changeUser } = await import('./verbs/users.ts')
      finish(await changeUser(context, name, options))
    })
}

function declareTurns(users: Command, context: Context, finish: Finish): void {
  users
    .command('disable')
    .description('Ends all logins of a person and lets it in no more.')
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { disableUser } = await import('./verbs/users.ts')
      finish(await disableUser(context, name, options))
    })
  users
    .command('enable')
    .description('Lets a person in again that was disabled.')
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { enableUser } = await import('./verbs/users.ts')
      finish(await enableUser(context, name, options))
    })
  users
    .command('remove')
    .description('Removes a person and ends all its logins. The audit log keeps its id.')
    .argument(...NAME)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { removeUser } = await import('./verbs/users.ts')
      finish(await removeUser(context, name, options))
    })
}

function collect(role: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), role]
}
