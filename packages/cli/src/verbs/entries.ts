import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EntryItem } from '@sallyport/contract/admin'
import { problemText, readYaml, toValue } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'
import type { EntryKind, Target } from '../socket-entries.ts'
import { fitTable } from '../table.ts'

const TEXT_CHARACTERS_MAX = 500
const DEFINITION_BYTES_MAX = 65_536

interface Options extends ConfigOptions {
  readonly json?: boolean
}

/** What a definition is made of on the command line. */
export interface DefinitionOptions extends Options {
  readonly definition?: string
  readonly url?: string
  readonly command?: string
  readonly arg?: readonly string[]
  readonly env?: readonly string[]
  readonly header?: readonly string[]
  readonly share?: string
  readonly member?: readonly string[]
  readonly strategy?: string
  readonly server?: readonly string[]
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
}

/** What is added, changed or removed. */
export interface Named {
  readonly kind: EntryKind
  readonly name: string
}

/** `servers add`, `groups add`, `endpoints add`. */
export async function addEntry(
  context: Context,
  { kind, name }: Named,
  options: DefinitionOptions,
): Promise<number> {
  const definition = { ...(await readDefinition(context, options)), ...flagsOf(context, options) }
  if (Object.keys(definition).length === 0) throw nothingGiven(kind)
  await using gateway = new SocketAdministration(await localSocket(context, options))
  return print(context, await gateway.entries.add(kind, name, definition), options)
}

/** `servers change` and so on: what is given takes the place of what is there, all else stays. */
export async function changeEntry(
  context: Context,
  { kind, name }: Named,
  options: DefinitionOptions,
): Promise<number> {
  const whole = await readDefinition(context, options)
  const flags = flagsOf(context, options)
  if (whole === undefined && Object.keys(flags).length === 0) throw nothingGiven(kind)
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const before = await gateway.entries.show(kind, name)
  const definition = { ...(whole ?? before.definition), ...flags }
  const changed = await gateway.entries.replace(targetOf(before), definition)
  return print(context, changed, options)
}

/** `servers remove` and so on. */
export async function removeEntry(
  context: Context,
  { kind, name }: Named,
  options: Options,
): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  await gateway.entries.remove(targetOf(await gateway.entries.show(kind, name)))
  const shown = printable(name, 64)
  context.terminal.print(options.json ? JSON.stringify({ removed: name }) : `removed ${shown}`)
  return EXIT.ok
}

/** `servers added`: what was added while the gateway ran, and whether it is in force. */
export async function listEntries(context: Context, options: Options): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.entries.list()
  return printList(context, list.items, options)
}

/** `endpoints list`. */
export async function listEndpoints(context: Context, options: Options): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.entries.listEndpoints()
  return printList(context, list.items, options)
}

function printList({ terminal }: Context, items: readonly EntryItem[], options: Options): number {
  if (options.json) terminal.print(JSON.stringify({ items }))
  else if (items.length === 0) terminal.note('there are none')
  else terminal.print(formatEntries(items, terminal.columns))
  return EXIT.ok
}

/** A line for each. */
export function formatEntries(items: readonly EntryItem[], width: number | undefined): string {
  return fitTable(
    ['name', 'kind', 'source', 'version', 'in force', 'changed by', 'changed', 'reason'],
    items.map((item) => [
      item.name,
      item.kind,
      item.source,
      String(item.version ?? '-'),
      item.inForce ? 'yes' : 'NO',
      printable(item.changedBy ?? '-', TEXT_CHARACTERS_MAX),
      item.changedAt ?? '-',
      printable(item.reason ?? '', TEXT_CHARACTERS_MAX),
    ]),
    { width, spare: ['changed', 'changed by', 'kind', 'version'] },
  )
}

function print({ terminal }: Context, item: EntryItem, options: Options): number {
  const { kind, name, version } = item
  const words = `${kind} ${name} is in force, version ${version}`
  terminal.print(options.json ? JSON.stringify(item) : words)
  return EXIT.ok
}

function targetOf({ kind, name, version }: EntryItem): Target {
  if (version !== null) return { kind, name, version }
  throw new AppError('conflict', `the file defines the ${kind} \`${name}\`: change it there`)
}

async function readDefinition(
  { cwd, readStdin }: Context,
  { definition: file }: DefinitionOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (file === undefined) return undefined
  const text = file === '-' ? await readStdin() : await readText(resolve(cwd, file))
  const name = file === '-' ? 'stdin' : file
  const { root, problems } = readYaml(text, name)
  const [problem] = problems
  if (problem !== undefined) throw new AppError('usage', problemText(problem))
  if (root === undefined) throw new AppError('usage', `${name} holds no definition`)
  return toValue(root) as Readonly<Record<string, unknown>> // the root is a map
}

async function readText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new AppError('usage', `the definition cannot be read (${code})`, { cause })
  })
  if (text.length <= DEFINITION_BYTES_MAX) return text
  throw new AppError('usage', 'the definition is longer than 64 KiB')
}

/** The keys that were given as flags. */
function flagsOf({ environment }: Context, options: DefinitionOptions): Record<string, unknown> {
  const { url, command, arg, share, member, strategy, server, allow, deny } = options
  const env = options.env && pairsOf('--env', options.env, environment)
  const headers = options.header && pairsOf('--header', options.header)
  const tools = (allow || deny) && { ...(allow && { allow }), ...(deny && { deny }) }
  const keys = { url, command, args: arg, env, headers, share, strategy, tools }
  const all = { ...keys, members: member, servers: server }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** `NAME=value`, or a name alone for the value that the command itself has under it. */
function pairsOf(
  flag: string,
  texts: readonly string[],
  environment: Context['environment'] = {},
): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const at = text.indexOf('=')
    const name = at < 0 ? text : text.slice(0, at)
    const value = at < 0 ? environment[name] : text.slice(at + 1)
    if (value !== undefined && name !== '') return [name, value]
    throw new AppError('usage', `${flag} takes NAME=value, got text of ${text.length} characters`)
  })
  return Object.fromEntries(pairs)
}

const FLAGS = {
  server: '--url or --command',
  group: '--member',
  endpoint: '--server',
} as const satisfies Record<EntryKind, string>

function nothingGiven(kind: EntryKind): AppError {
  return new AppError(
    'usage',
    `nothing is said of the ${kind}: give ${FLAGS[kind]}, or --definition`,
  )
}
