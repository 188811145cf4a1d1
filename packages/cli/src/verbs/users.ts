import {
  checkInput,
  userBootstrap,
  userChange,
  userCreate,
  type UserChangeInput,
  type UserItem,
  type UserMade,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { z } from 'zod'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openAdministration } from '../local.ts'
import { formatTable } from '../table.ts'

interface Options extends ConfigOptions {
  readonly json?: boolean
}

interface PasswordOptions extends Options {
  readonly passwordStdin?: boolean
}

interface CreateOptions extends PasswordOptions {
  readonly role?: readonly string[]
  readonly tenant?: string
}

interface ChangeOptions extends Options {
  readonly name?: string
  readonly role?: readonly string[]
  /** False for `--no-tenant`. */
  readonly tenant?: string | false
}

/** `admin bootstrap`: makes the first admin; prints the password that was made, once. */
export async function bootstrapAdmin(
  context: Context,
  name: string,
  options: PasswordOptions,
): Promise<number> {
  const password = await readPassword(context, options)
  const input = check(userBootstrap, { name, ...password })
  await using administration = await openAdministration(context, options)
  return printMade(context, await administration.users.bootstrap(input), options)
}

/** `admin reset`: a new password for somebody who is locked out; also enables. */
export async function resetAdmin(
  context: Context,
  name: string,
  options: PasswordOptions,
): Promise<number> {
  const password = await readPassword(context, options)
  await using administration = await openAdministration(context, options)
  // A password that its owner typed here is its own.
  const mustChange = password.password === undefined
  const input = { ...password, mustChange, enable: true }
  return printMade(context, await administration.users.reset(name, input), options)
}

/** `users list`. */
export async function listUsers(context: Context, options: Options): Promise<number> {
  await using administration = await openAdministration(context, options)
  const list = await administration.users.list()
  context.terminal.print(options.json ? JSON.stringify(list) : formatUsers(list.items))
  return EXIT.ok
}

/** `users create`: prints the password that was made, once. */
export async function createUser(
  context: Context,
  name: string,
  options: CreateOptions,
): Promise<number> {
  const password = await readPassword(context, options)
  const { role = ['viewer'], tenant } = options
  const input = check(userCreate, {
    ...{ name, roles: role, ...password },
    ...(tenant !== undefined && { tenant }),
  })
  await using administration = await openAdministration(context, options)
  return printMade(context, await administration.users.create(input), options)
}

/** `users change`. */
export async function changeUser(
  context: Context,
  idOrName: string,
  options: ChangeOptions,
): Promise<number> {
  const { name, role, tenant } = options
  const change = check(userChange, {
    ...(name !== undefined && { name }),
    ...(role !== undefined && { roles: role }),
    ...(tenant !== undefined && { tenant: tenant === false ? null : tenant }),
  })
  if (Object.keys(change).length === 0) {
    throw new AppError('usage', 'nothing to change: give --name, --role, --tenant or --no-tenant')
  }
  return apply(context, { idOrName, change, word: 'changed' }, options)
}

/** `users disable`: ends all logins of a user and lets it in no more. */
export function disableUser(context: Context, idOrName: string, options: Options): Promise<number> {
  return apply(context, { idOrName, change: { disabled: true }, word: 'disabled' }, options)
}

/** `users enable`. */
export function enableUser(context: Context, idOrName: string, options: Options): Promise<number> {
  return apply(context, { idOrName, change: { disabled: false }, word: 'enabled' }, options)
}

/** `users remove`. */
export async function removeUser(
  context: Context,
  idOrName: string,
  options: Options,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  const user = await administration.users.show(idOrName)
  await administration.users.remove(user)
  const { terminal } = context
  terminal.print(options.json ? JSON.stringify({ removed: user.id }) : `removed ${user.name}`)
  return EXIT.ok
}

interface Wish {
  readonly idOrName: string
  readonly change: UserChangeInput
  /** What was done, for people. */
  readonly word: string
}

async function apply(
  context: Context,
  { idOrName, change, word }: Wish,
  options: Options,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  const user = await administration.users.show(idOrName)
  const changed = await administration.users.change(user, change)
  context.terminal.print(options.json ? JSON.stringify(changed) : `${word} ${changed.name}`)
  return EXIT.ok
}

function printMade({ terminal }: Context, made: UserMade, options: Options): number {
  const { user, password } = made
  if (options.json) terminal.print(JSON.stringify(made))
  else if (password === undefined) terminal.print(`${user.name} may log in`)
  else {
    terminal.print(password)
    terminal.note(
      `The password of ${user.name}, shown this once. It must be changed at the first login.`,
    )
  }
  return EXIT.ok
}

async function readPassword(
  context: Context,
  { passwordStdin }: PasswordOptions,
): Promise<{ password?: string }> {
  if (passwordStdin !== true) return {}
  const password = (await context.readStdin()).replace(/\r?\n$/, '')
  if (password !== '' && !/[\r\n]/.test(password)) return { password }
  throw new AppError('usage', 'stdin holds no password: one line is expected')
}

const WORDS: Readonly<Record<string, string>> = {
  name: 'the name',
  tenant: '--tenant',
  password: 'the password',
}

function check<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const checked = checkInput(schema, input)
  if (checked.ok) return checked.data
  const [{ key, sentence }] = checked.faults
  throw new AppError('usage', `${WORDS[key] ?? key.replace(/^roles\.\d+$/, '--role')} ${sentence}`)
}

function formatUsers(users: readonly UserItem[]): string {
  return formatTable(
    ['id', 'name', 'roles', 'tenant', 'state', 'last login'],
    users.map((user) => [
      user.id,
      printable(user.name, 64),
      user.roles.join(','),
      user.tenant ?? '-',
      stateOf(user),
      user.lastLoginAt ?? 'never',
    ]),
  )
}

function stateOf({ disabledAt, mustChange }: UserItem): string {
  if (disabledAt !== null) return 'disabled'
  return mustChange ? 'must change password' : 'active'
}
