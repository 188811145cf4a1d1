import type { GenerationItem, ReloadResult } from '@sallyport/contract/admin'
import { configError } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { FastifyInstance } from 'fastify'
import type { ConfigControl, Generation, ReloadReport } from '../reload/config-control.ts'
import { addRoutes } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { numberKey, page } from './page.ts'

export interface ConfigDeps {
  readonly config: ConfigControl
  readonly log: Log
}

/** Everything under `/api/v1/config`. */
export function addConfigRoutes(app: FastifyInstance, { config, log }: ConfigDeps): void {
  addRoutes(app, {
    'config.status': async () => {
      const history = await config.history()
      const current = history.find((generation) => generation.current)
      const { last } = config
      return {
        generation: current === undefined ? null : toGenerationItem(current),
        last: last === undefined ? null : toReloadResult(last),
      }
    },
    'config.diff': async () => {
      const diff = await config.diff()
      return {
        differences: diff.differences.map(({ path, kind, before, after }) => ({
          ...{ path, kind },
          ...(before !== undefined && { before }),
          ...(after !== undefined && { after }),
        })),
        problems: diff.problems.map((problem) => ({ ...problem })),
      }
    },
    'config.history': async ({ query }) => {
      const history = await config.history()
      const paged = page(history, ({ id }) => numberKey(id), query, 'down')
      return { ...paged, items: paged.items.map(toGenerationItem) }
    },
    'config.generation': async ({ params }) => {
      const id = idOf(params.id)
      return { id, text: await config.show(id) }
    },
    'config.reload': async ({ by: { principal, requestId } }) => {
      log.info({ action: 'reload', principal: principal.id, requestId }, 'operator asks')
      return requireDone(await config.reload({ cause: 'api', by: principal.id }))
    },
    'config.rollback': async ({ body: { id }, by: { principal, requestId } }) => {
      const to = id ?? 'the one before'
      log.info({ action: 'rollback', to, principal: principal.id, requestId }, 'operator asks')
      return requireDone(await config.rollback(id, principal.id))
    },
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

function idOf(id: string): number {
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id)
  throw new AppError('not_found', 'a generation has a number: `config history` lists them')
}
