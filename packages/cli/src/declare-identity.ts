import type { Command } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

const WHERE =
  ' A running gateway is told over its local socket; otherwise its store is opened. Neither needs a key.'
const KEY = ['<name-or-id>', 'as `keys list` shows it'] as const
const SERVERS = [
  '--servers <names>',
  'servers and groups it sees, with commas; default: all',
] as const
const TOOLS = [
  '--tools <globs>',
  'tools it sees, as <server>__<tool> with * and ?, with commas; default: all',
] as const
const READ_ONLY = ['--read-only', 'only tools that are known to change nothing'] as const

/** `keys`, `roles` and `tenants`. */
export function declareIdentity(program: Command, context: Context, finish: Finish): void {
  const keys = program
    .command('keys')
    .summary('create, list, rotate and revoke API keys')
    .description(`API keys of the gateway.${WHERE}`)
  declareKeyCreate(keys, context, finish)
  declareKeyTurns(keys, context, finish)
  const roles = program
    .command('roles')
    .summary('list, create, change and remove roles')
    .description(`What callers may do, under names of your own beside the built-in ones.${WHERE}`)
  declareRoles(roles, context, finish)
  declareRoleTurns(roles, context, finish)
  const tenants = program
    .command('tenants')
    .summary('list, create, change and remove tenants')
    .description(`Who is kept apart from whom, and what each sees at most.${WHERE}`)
  declareTenants(tenants, context, finish)
  declareTenantTurns(tenants, context, finish)
}

function declareKeyCreate(keys: Command, context: Context, finish: Finish): void {
  keys
    .command('create')
    .description('Makes a key and prints it, this once: only its hash is kept.')
    .argument('<name>', 'who or what it is for, for lists and logs')
    .option('--role <role>', 'what it may do: caller, viewer, admin, ... as `roles list`', 'caller')
    .option('--tenant <tenant>', 'the tenant it belongs to')
    .option(...SERVERS)
    .option(...TOOLS)
    .option(...READ_ONLY)
    .option('--expires <duration>', 'how long it works, such as 12h or 30d; default: until revoked')
    .option(
      '--allow-from <ranges>',
      'where it may be used from, such as 10.0.0.0/8, with commas; default: anywhere',
    )
    .option('--key-file <file>', 'take over the key in this file, which another gateway made')
    .option('--key-stdin', 'take over the key on stdin, which another gateway made')
    .option(...CONFIG)
    .option('--json', 'print { id, name, key }')
    .action(async (name, options) => {
      const { createKey } = await import('./verbs/keys.ts')
      finish(await createKey(context, name, options))
    })
}

function declareKeyTurns(keys: Command, context: Context, finish: Finish): void {
  keys
    .command('list')
    .description(
      'Lists all keys, revoked and expired ones too. Secrets are not kept, so none is shown.',
    )
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listKeys } = await import('./verbs/keys.ts')
      finish(await listKeys(context, options))
    })
  keys
    .command('rotate')
    .description('Gives a key another secret and prints it, this once. Its id and history stay.')
    .argument(...KEY)
    .option('--overlap <duration>', 'how long the old secret is good as well, 0s to 30d', '24h')
    .option(...CONFIG)
    .option('--json', 'print { id, name, key }')
    .action(async (nameOrId, options) => {
      const { rotateKey } = await import('./verbs/keys.ts')
      finish(await rotateKey(context, nameOrId, options))
    })
  keys
    .command('revoke')
    .description('Ends a key for good.')
    .argument(...KEY)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (nameOrId, options) => {
      const { revokeKey } = await import('./verbs/keys.ts')
      finish(await revokeKey(context, nameOrId, options))
    })
}

const PERMISSIONS = [
  '--permissions <names>',
  'what its callers may do, such as mcp.list,mcp.call, with commas',
] as const
const DESCRIPTION = ['--description <text>', 'for people'] as const

function declareRoles(roles: Command, context: Context, finish: Finish): void {
  roles
    .command('list', { isDefault: true })
    .description('Lists the roles: built-in, of the file and of the store.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listRoles } = await import('./verbs/roles.ts')
      finish(await listRoles(context, options))
    })
  roles
    .command('create')
    .description('Adds a role to the store.')
    .argument('<name>', 'a-z, 0-9 and -, at most 32 characters')
    .requiredOption(...PERMISSIONS)
    .option(...DESCRIPTION)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { createRole } = await import('./verbs/roles.ts')
      finish(await createRole(context, name, options))
    })
}

function declareRoleTurns(roles: Command, context: Context, finish: Finish): void {
  roles
    .command('change')
    .description('Changes a role of the store; it counts from the next call on.')
    .argument('<name>', 'as `roles list` shows it')
    .option(...PERMISSIONS)
    .option(...DESCRIPTION)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { changeRole } = await import('./verbs/roles.ts')
      finish(await changeRole(context, name, options))
    })
  roles
    .command('remove')
    .description('Removes a role of the store: it gives nothing from then on.')
    .argument('<name>', 'as `roles list` shows it')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { removeRole } = await import('./verbs/roles.ts')
      finish(await removeRole(context, name, options))
    })
}

const TITLE = ['--title <text>', 'for people'] as const

function declareTenants(tenants: Command, context: Context, finish: Finish): void {
  tenants
    .command('list', { isDefault: true })
    .description('Lists the tenants of the file and of the store.')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listTenants } = await import('./verbs/tenants.ts')
      finish(await listTenants(context, options))
    })
  tenants
    .command('create')
    .description('Adds a tenant to the store.')
    .argument('<name>', 'a-z, 0-9 and -, at most 32 characters')
    .option(...TITLE)
    .option(...SERVERS)
    .option(...TOOLS)
    .option(...READ_ONLY)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { createTenant } = await import('./verbs/tenants.ts')
      finish(await createTenant(context, name, options))
    })
}

function declareTenantTurns(tenants: Command, context: Context, finish: Finish): void {
  tenants
    .command('change')
    .description('Changes a tenant of the store; what is not given stays.')
    .argument('<name>', 'as `tenants list` shows it')
    .option(...TITLE)
    .option('--servers <names>', 'servers and groups its callers see, with commas; "all"')
    .option('--tools <globs>', 'tools its callers see, with commas; "all"')
    .option(...READ_ONLY)
    .option('--no-read-only', 'also tools that may change something')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { changeTenant } = await import('./verbs/tenants.ts')
      finish(await changeTenant(context, name, options))
    })
  tenants
    .command('remove')
    .description('Removes a tenant of the store: its callers may and see nothing from then on.')
    .argument('<name>', 'as `tenants list` shows it')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (name, options) => {
      const { removeTenant } = await import('./verbs/tenants.ts')
      finish(await removeTenant(context, name, options))
    })
}
