import { tenantChange, tenantCreate, type TenantItem } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openAdministration } from '../local.ts'
import { formatTable } from '../table.ts'
import { checkGiven, given, listOfOption, sightInWords } from './given.ts'

interface Options extends ConfigOptions {
  readonly json?: boolean
}

interface TenantOptions extends Options {
  readonly title?: string
  readonly servers?: string
  readonly tools?: string
  readonly readOnly?: boolean
}

const WORDS = { name: 'the name', title: '--title', servers: '--servers', tools: '--tools' }

/** `tenants list`: every tenant and what its callers see. */
export async function listTenants(context: Context, options: Options): Promise<number> {
  await using administration = await openAdministration(context, options)
  const list = await administration.identity.listTenants()
  context.terminal.print(options.json ? JSON.stringify(list) : formatTenants(list.items))
  return EXIT.ok
}

/** `tenants create`. */
export async function createTenant(
  context: Context,
  name: string,
  options: TenantOptions,
): Promise<number> {
  const { title, servers, tools, readOnly } = options
  const allow = listOfOption(tools)
  const values = given({
    title,
    readOnly,
    servers: listOfOption(servers),
    tools: allow && { allow },
  })
  const input = checkGiven(tenantCreate, { name, ...values }, WORDS)
  await using administration = await openAdministration(context, options)
  return printTenant(context, await administration.identity.createTenant(input), options)
}

/** `tenants change`: `all` takes a restriction away. */
export async function changeTenant(
  context: Context,
  name: string,
  options: TenantOptions,
): Promise<number> {
  const { title, servers, tools, readOnly } = options
  const allow = listOfOption(tools)
  const values = given({
    ...{ title, readOnly },
    servers: servers === 'all' ? null : listOfOption(servers),
    tools: tools === 'all' ? null : allow && { allow },
  })
  const change = checkGiven(tenantChange, values, WORDS)
  if (Object.keys(change).length === 0) {
    throw new AppError(
      'usage',
      'nothing to change: give --title, --servers, --tools or --read-only',
    )
  }
  await using administration = await openAdministration(context, options)
  return printTenant(context, await administration.identity.changeTenant(name, change), options)
}

/** `tenants remove`. */
export async function removeTenant(
  context: Context,
  name: string,
  options: Options,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  await administration.identity.removeTenant(name)
  const done = options.json ? JSON.stringify({ removed: name }) : `removed ${printable(name, 64)}`
  context.terminal.print(done)
  return EXIT.ok
}

function printTenant(context: Context, tenant: TenantItem, { json }: Options): number {
  context.terminal.print(json ? JSON.stringify(tenant) : formatTenants([tenant]))
  return EXIT.ok
}

function formatTenants(tenants: readonly TenantItem[]): string {
  return formatTable(
    ['name', 'source', 'sees', 'title'],
    tenants.map((tenant) => [
      tenant.name,
      tenant.source,
      printable(sightInWords(tenant), 200),
      printable(tenant.title, 100),
    ]),
  )
}
