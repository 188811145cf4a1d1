import { roleChange, roleCreate, type RoleItem } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openAdministration } from '../local.ts'
import { formatTable } from '../table.ts'
import { checkGiven, given, listOfOption } from './given.ts'

interface Options extends ConfigOptions {
  readonly json?: boolean
}

interface RoleOptions extends Options {
  readonly permissions?: string
  readonly description?: string
}

const WORDS = { name: 'the name', permissions: '--permissions', description: '--description' }

/** `roles list`: what callers of each role may do. */
export async function listRoles(context: Context, options: Options): Promise<number> {
  await using administration = await openAdministration(context, options)
  const list = await administration.identity.listRoles()
  context.terminal.print(options.json ? JSON.stringify(list) : formatRoles(list.items))
  return EXIT.ok
}

/** `roles create`. */
export async function createRole(
  context: Context,
  name: string,
  options: RoleOptions,
): Promise<number> {
  const input = checkGiven(roleCreate, { name, ...valuesOf(options) }, WORDS)
  await using administration = await openAdministration(context, options)
  return printRole(context, await administration.identity.createRole(input), options)
}

/** `roles change`. */
export async function changeRole(
  context: Context,
  name: string,
  options: RoleOptions,
): Promise<number> {
  const change = checkGiven(roleChange, valuesOf(options), WORDS)
  if (Object.keys(change).length === 0) {
    throw new AppError('usage', 'nothing to change: give --permissions or --description')
  }
  await using administration = await openAdministration(context, options)
  return printRole(context, await administration.identity.changeRole(name, change), options)
}

/** `roles remove`. */
export async function removeRole(
  context: Context,
  name: string,
  options: Options,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  await administration.identity.removeRole(name)
  const done = options.json ? JSON.stringify({ removed: name }) : `removed ${printable(name, 64)}`
  context.terminal.print(done)
  return EXIT.ok
}

function valuesOf({ permissions, description }: RoleOptions) {
  return given({ permissions: listOfOption(permissions), description })
}

function printRole(context: Context, role: RoleItem, { json }: Options): number {
  context.terminal.print(json ? JSON.stringify(role) : formatRoles([role]))
  return EXIT.ok
}

function formatRoles(roles: readonly RoleItem[]): string {
  return formatTable(
    ['name', 'source', 'permissions', 'description'],
    roles.map(({ name, source, permissions, description }) => [
      name,
      source,
      printable(permissions.join(' '), 400),
      printable(description, 100),
    ]),
  )
}
