import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { readCredential, type CredentialOptions } from '../client/credential.ts'
import { parseTarget } from '../client/exchange.ts'
import { McpClient, type ListedTool, type ListSource } from '../client/mcp-client.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { countOf, formatTable } from '../table.ts'
import { localSocket } from '../local.ts'
import { formatResult, type ToolResult } from './tool-result.ts'

interface TargetOptions extends CredentialOptions {
  readonly url?: string
  readonly config?: string
}

interface OutputOptions {
  readonly json?: boolean
}

const NAME_CHARACTERS_MAX = 128
const DESCRIPTION_CHARACTERS_MAX = 100
/** Longer than any call may take by configuration; Ctrl-C cancels earlier. */
const CALL_MS_MAX = 60 * 60_000

/** `tools`: what a client sees, one line a tool. */
export async function listTools(
  context: Context,
  options: TargetOptions & OutputOptions,
): Promise<number> {
  const client = await openClient(context, options)
  const { tools, sources } = await client.listTools(AbortSignal.timeout(CALL_MS_MAX))
  if (options.json) {
    context.terminal.print(JSON.stringify({ items: tools, sources }))
    return EXIT.ok
  }
  context.terminal.print(formatTools(tools))
  for (const line of gapsOf(tools, sources ?? [])) context.terminal.note(line)
  return EXIT.ok
}

/** What keeps a list from being whole, a line a server. The list itself is an answer all the same. */
export function gapsOf(tools: readonly unknown[], sources: readonly ListSource[]): string[] {
  const gaps = sources.flatMap((source) => {
    const server = printable(source.server, NAME_CHARACTERS_MAX)
    const state = printable(source.state, NAME_CHARACTERS_MAX)
    if (source.tools > 0) {
      const kept = `its ${countOf(source.tools, 'tool')} as of ${printable(source.at ?? '-', 40)}`
      return source.state === 'degraded' ? [`${server} is ${state}: the list shows ${kept}`] : []
    }
    // An idle server whose list was read and is empty hides nothing.
    const isWhole = source.state === 'ready' || (source.state === 'cold' && source.at !== null)
    return isWhole ? [] : [`${server} is ${state}: none of its tools are in the list`]
  })
  if (gaps.length === 0) return tools.length === 0 ? ['no tools: no server has any'] : []
  const head = tools.length === 0 ? 'no tools' : 'the list is partial'
  return [...gaps, `${head}: see \`sallyport servers\` for the reasons`]
}

function formatTools(tools: readonly ListedTool[]): string {
  return formatTable(
    ['name', 'description'],
    tools.map((tool) => [
      printable(String(tool.name), NAME_CHARACTERS_MAX),
      printable(String(tool.description ?? tool.title ?? ''), DESCRIPTION_CHARACTERS_MAX),
    ]),
  )
}

/** `call`: prints the text of a result, or with `--json` its bytes; 1 when the tool reports an error. */
export async function callTool(
  context: Context,
  call: { readonly name: string; readonly argumentsJson: string },
  options: TargetOptions & OutputOptions,
): Promise<number> {
  const fromStdin = call.argumentsJson === '-'
  if (fromStdin && options.keyStdin) {
    throw new AppError(
      'usage',
      'stdin holds either the key or the arguments: give the key by --key-file',
    )
  }
  const text = fromStdin ? await context.readStdin() : call.argumentsJson
  assertObject(text)
  const client = await openClient(context, options)
  const raw = await client.callTool(call.name, text, AbortSignal.timeout(CALL_MS_MAX))
  const rawText = raw.toString('utf8')
  const result = JSON.parse(rawText) as ToolResult // The gateway answered a `tools/call`; parts are checked below.
  context.terminal.print(options.json ? rawText : formatResult(result))
  return result.isError === true ? EXIT.failed : EXIT.ok
}

function assertObject(text: string): void {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('usage', 'the arguments are not JSON: give an object such as {"path":"."}', {
      cause,
    })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new AppError('usage', 'the arguments are not an object: give one such as {"path":"."}')
}

async function openClient(context: Context, options: TargetOptions): Promise<McpClient> {
  if (options.url !== undefined) {
    return new McpClient(parseTarget(options.url), await readCredential(context, options))
  }
  return new McpClient({ kind: 'socket', path: await localSocket(context, options) }, undefined)
}
