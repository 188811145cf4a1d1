import {
  type ConfigDiffResult,
  type ConfigStatus,
  type GenerationItem,
  type GenerationList,
  type GenerationText,
  type ReloadResult,
  rollbackCreate,
} from '@sallyport/contract/admin'
import { configError } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ConfigControl, Generation, ReloadReport } from '../reload/config-control.ts'
import { toInstant } from './instant.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'
import { operatorOf } from './server-routes.ts'

const READ_DEADLINE_MS = 30_000
/** One reload after the other: a caller may wait for those before it. */
const RELOAD_DEADLINE_MS = 2 * 60_000

export interface ConfigDeps {
  readonly config: ConfigControl
  readonly log: Log
}

/** Everything under `/api/v1/config`. */
export function addConfigRoutes(app: FastifyInstance, { config, log }: ConfigDeps): void {
  app.get('/api/v1/config', async (_request, reply): Promise<ConfigStatus> => {
    const history = await withDeadline(reply.raw, READ_DEADLINE_MS, () => config.history())
    const current = history.find((generation) => generation.current)
    const { last } = config
    return {
      generation: current === undefined ? null : toGenerationItem(current),
      last: last === undefined ? null : toReloadResult(last),
    }
  })
  app.get('/api/v1/config/diff', async (_request, reply): Promise<ConfigDiffResult> => {
    const diff = await withDeadline(reply.raw, READ_DEADLINE_MS, () => config.diff())
    return {
      differences: diff.differences.map(({ path, kind, before, after }) => ({
        ...{ path, kind },
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      })),
      problems: diff.problems.map((problem) => ({ ...problem })),
    }
  })
  app.get('/api/v1/config/history', async (_request, reply): Promise<GenerationList> => {
    const history = await withDeadline(reply.raw, READ_DEADLINE_MS, () => config.history())
    return { items: history.map(toGenerationItem) }
  })
  app.get('/api/v1/config/history/:id', async (request, reply): Promise<GenerationText> => {
    const id = idOf(request)
    const text = await withDeadline(reply.raw, READ_DEADLINE_MS, () => config.show(id))
    return { id, text }
  })
  app.post('/api/v1/config/reload', async (request, reply): Promise<ReloadResult> => {
    const { principal, requestId } = operatorOf(request)
    log.info({ action: 'reload', principal: principal.id, requestId }, 'operator asks')
    const report = await withDeadline(reply.raw, RELOAD_DEADLINE_MS, () =>
      config.reload({ cause: 'api', by: principal.id }),
    )
    return requireDone(report)
  })
  app.post('/api/v1/config/rollback', async (request, reply): Promise<ReloadResult> => {
    const { id } = parseRequest(rollbackCreate, request.body ?? {}, 'the body')
    const { principal, requestId } = operatorOf(request)
    const to = id ?? 'the one before'
    log.info({ action: 'rollback', to, principal: principal.id, requestId }, 'operator asks')
    const report = await withDeadline(reply.raw, RELOAD_DEADLINE_MS, () =>
      config.rollback(id, principal.id),
    )
    return requireDone(report)
  })
}

/** @throws {AppError} `config_invalid` with its problems where the configuration was refused */
function requireDone(report: ReloadReport): ReloadResult {
  if (!report.ok) throw configError(report.problems)
  return toReloadResult(report)
}

function toReloadResult(report: ReloadReport): ReloadResult {
  const { ok, generation, of, changed, servers, problems, cause, atMs } = report
  return {
    ...{ ok, generation, of, changed, cause },
    servers: {
      kept: [...servers.kept],
      changed: [...servers.changed],
      added: [...servers.added],
      removed: [...servers.removed],
    },
    problems: problems.map((problem) => ({ ...problem })),
    at: toInstant(atMs),
  }
}

function toGenerationItem(generation: Generation): GenerationItem {
  const { id, atMs, cause, by, digest, file, current, of } = generation
  return { id, at: toInstant(atMs), cause, by, digest, file, current, of }
}

function idOf(request: FastifyRequest): number {
  const { id } = request.params as { id: string } // named in the route
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id)
  throw new AppError('not_found', 'a generation has a number: `config history` lists them')
}
