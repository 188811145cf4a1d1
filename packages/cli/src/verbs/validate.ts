import { validateConfig, withCommands, type GatewayConfigLoad } from '@sallyport/gateway/config'
import { problemText, type ConfigProblem } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { findConfiguration, type FoundSource } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'

interface ValidateOptions {
  readonly config?: string
  readonly connect?: boolean
  readonly json?: boolean
}

/** `validate`: every problem of a configuration at once; 0 when it can be run, else 2. */
export async function validate(
  context: Context,
  file: string | undefined,
  options: ValidateOptions,
): Promise<number> {
  const source = findSource(context, file, options)
  const { environment: env, cwd } = context
  const loaded = await withCommands(validateConfig, { source, env, cwd })
  const found = loaded.ok && options.connect ? await connect(context, loaded) : loaded.problems
  const problems = [...found, ...(await storeProblems(loaded))]
  const ok = loaded.ok && !problems.some(({ severity }) => severity === 'error')
  const report = { ok, file: loaded.file, problems }
  context.terminal.print(options.json ? JSON.stringify(report) : formatReport(report))
  return ok ? EXIT.ok : EXIT.usage
}

function findSource(
  context: Context,
  file: string | undefined,
  options: ValidateOptions,
): FoundSource {
  if (file !== undefined && options.config !== undefined) {
    throw new AppError('usage', 'give the file once: as argument or by --config')
  }
  const named = file ?? options.config
  const source = findConfiguration(context, named === undefined ? {} : { config: named })
  return source.kind === 'none' ? { kind: 'file', file: source.file } : source
}

async function connect(
  context: Context,
  loaded: Extract<GatewayConfigLoad, { ok: true }>,
): Promise<readonly ConfigProblem[]> {
  const { connectServers } = await import('../connect-servers.ts')
  return [...loaded.problems, ...(await connectServers(context, loaded))]
}

/** What a start would meet in the store. An unreachable one may be up by then: only a newer one is a fault. */
async function storeProblems(loaded: GatewayConfigLoad): Promise<ConfigProblem[]> {
  if (!loaded.ok) return []
  const at = { path: 'store', file: loaded.file, line: 0, column: 0 }
  try {
    const { pendingOf } = await import('../pending.ts')
    const { isNew, migrations } = await pendingOf(loaded.config.store)
    if (isNew || migrations.length === 0) return []
    const message = `migrations are pending: ${migrations.map(({ text }) => text).join(', ')}`
    const remedy = 'the next start applies them; an embedded store is copied first'
    return [{ ...at, severity: 'warning', message, remedy }]
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    return [{ ...at, severity: code === 'store_newer' ? 'error' : 'warning', message, remedy: '' }]
  }
}

function formatReport(report: {
  readonly ok: boolean
  readonly file: string
  readonly problems: readonly ConfigProblem[]
}): string {
  const lines = report.problems.map((problem) => `${problem.severity}: ${problemText(problem)}`)
  return [...lines, `${report.file}: ${report.ok ? 'ok' : 'cannot be run'}`].join('\n')
}
