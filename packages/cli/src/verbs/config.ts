import type {
  ConfigDiffResult,
  ConfigStatus,
  GenerationItem,
  ReloadResult,
} from '@sallyport/contract/admin'
import { type ConfigProblem, problemsOf, problemText } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { printable, printableLines } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { withProgress } from '../progress.ts'
import { SocketAdministration } from '../socket-administration.ts'
import { countOf, fitTable } from '../table.ts'
import { agoOf } from '../times.ts'
import { COMMAND } from '../version.ts'

const VALUE_CHARACTERS_MAX = 1_000
const TEXT_CHARACTERS_MAX = 4 * 1_024 * 1_024

interface Options extends ConfigOptions {
  readonly json?: boolean
}

/** `config diff`: what a reload would change; 2 when the file would be refused. */
export async function diffConfig(context: Context, options: Options): Promise<number> {
  const { terminal } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const diff = await gateway.configDiff()
  const refused = diff.problems.some(({ severity }) => severity === 'error')
  terminal.print(options.json ? JSON.stringify(diff) : formatDiff(diff))
  return refused ? EXIT.usage : EXIT.ok
}

/** Each value with both sides, then what is wrong with the file. */
export function formatDiff({ differences, problems }: ConfigDiffResult): string {
  const lines = differences.flatMap(({ path, kind, before, after }) => [
    `${kind}: ${printable(path, VALUE_CHARACTERS_MAX)}`,
    ...(before === undefined ? [] : [`  - ${printable(before, VALUE_CHARACTERS_MAX)}`]),
    ...(after === undefined ? [] : [`  + ${printable(after, VALUE_CHARACTERS_MAX)}`]),
  ])
  const refused = problems.some(({ severity }) => severity === 'error')
  const counted = countOf(differences.length, 'difference')
  const last = refused
    ? 'a reload would refuse the file and change nothing'
    : differences.length === 0
      ? 'the file says what is in force'
      : `${counted}: \`config reload\` brings the file into force`
  return [...lines, ...problemLines(problems), last].join('\n')
}

/** `config history`: the configurations that were in force, newest first. */
export async function listHistory(context: Context, options: Options): Promise<number> {
  const { terminal, clock } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.listGenerations()
  if (options.json) {
    terminal.print(JSON.stringify(list))
    return EXIT.ok
  }
  if (list.items.length === 0) terminal.note('the store holds none yet')
  else terminal.print(formatHistory(list.items, clock.nowMs(), terminal.columns))
  const trouble = refusedReload(await gateway.configStatus(), clock.nowMs())
  if (trouble !== undefined) terminal.note(trouble)
  return EXIT.ok
}

/** A line for each generation. */
export function formatHistory(
  generations: readonly GenerationItem[],
  nowMs: number,
  width: number | undefined,
): string {
  return fitTable(
    ['id', 'in force', 'at', 'age', 'cause', 'by', 'file'],
    generations.map(({ id, at, cause, by, file, current, of }) => [
      String(id),
      current ? 'now' : '',
      at,
      agoOf(at, nowMs),
      of === null ? cause : `${cause} to ${of}`,
      by === '' ? '-' : printable(by, VALUE_CHARACTERS_MAX),
      printable(file, VALUE_CHARACTERS_MAX),
    ]),
    { width, spare: ['at', 'by'] },
  )
}

function refusedReload({ last }: ConfigStatus, nowMs: number): string | undefined {
  if (last === null || last.ok) return undefined
  const errors = last.problems.filter(({ severity }) => severity === 'error').length
  const why = countOf(errors, 'problem')
  return `the last reload (${last.cause}, ${agoOf(last.at, nowMs)}) was refused for ${why}: see \`config diff\``
}

/** `config show`: the text of one generation. */
export async function showGeneration(
  context: Context,
  idText: string,
  options: Options,
): Promise<number> {
  const id = toId(idText)
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const shown = await gateway.showGeneration(id)
  const text = printableLines(shown.text, TEXT_CHARACTERS_MAX).trimEnd()
  context.terminal.print(options.json ? JSON.stringify(shown) : text)
  return EXIT.ok
}

/** `config reload`: brings the file into force; 2 with every problem when it is refused. */
export async function reloadConfig(context: Context, options: Options): Promise<number> {
  return change(context, options, {
    doing: 'reloading',
    work: (gateway) => gateway.reload(),
    refused: 'the file is refused: nothing has changed',
  })
}

/** `config rollback`: goes back to an earlier generation, and tells that the file says otherwise. */
export async function rollbackConfig(
  context: Context,
  idText: string | undefined,
  options: Options,
): Promise<number> {
  const id = idText === undefined ? undefined : toId(idText)
  const exitCode = await change(context, options, {
    doing: 'going back',
    work: (gateway) => gateway.rollback(id),
    refused: 'that generation is refused now: nothing has changed',
  })
  if (exitCode === EXIT.ok && !options.json) {
    context.terminal.note(
      `the file still says otherwise: the next reload or start goes by it. \`${COMMAND} config diff\` shows where`,
    )
  }
  return exitCode
}

interface Change {
  readonly doing: string
  readonly work: (gateway: SocketAdministration) => Promise<ReloadResult>
  readonly refused: string
}

async function change(context: Context, options: Options, wanted: Change): Promise<number> {
  const { terminal } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const progress = { doing: wanted.doing, quiet: options.json === true }
  try {
    const report = await withProgress(terminal, progress, wanted.work(gateway))
    terminal.print(options.json ? JSON.stringify(report) : formatReport(report))
    return EXIT.ok
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (problems.length === 0) throw thrown
    const text = [...problemLines(problems), wanted.refused].join('\n')
    terminal.print(options.json ? JSON.stringify({ ok: false, problems }) : text)
    return EXIT.usage
  }
}

/** What came into force and what it did to the servers. */
export function formatReport({ generation, of, changed, servers, problems }: ReloadResult): string {
  const warnings = problemLines(problems)
  if (!changed)
    return [...warnings, `generation ${generation} stays in force: nothing differs`].join('\n')
  const named = (label: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`  ${label}: ${names.join(', ')}`]
  return [
    ...warnings,
    of === null
      ? `generation ${generation} is in force`
      : `generation ${generation} is in force: it is ${of} again`,
    ...named('added', servers.added),
    ...named('changed, the old one finishes its calls', servers.changed),
    ...named('removed, after its calls', servers.removed),
    ...named('untouched', servers.kept),
  ].join('\n')
}

/** As `validate` prints them. */
function problemLines(problems: readonly ConfigProblem[]): string[] {
  return problems.map((problem) => `${problem.severity}: ${problemText(problem)}`)
}

function toId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new AppError('usage', 'a generation is named by its number: `config history` lists them')
}
