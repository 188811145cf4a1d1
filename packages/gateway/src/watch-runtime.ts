import type { Mcp } from './mcp.ts'
import type { Base } from './open-base.ts'
import type { ConfigControl, ReloadReport } from './reload/config-control.ts'

/** Lets metrics read what the gateway holds and does, each time they are asked for. */
export function watchRuntime(base: Base, mcp: Mcp, config: ConfigControl): void {
  base.metrics.watch(() => ({
    servers: mcp.fleet.status().map(({ name, state, inFlight, breaker, check }) => ({
      ...{ name, state, inFlight, breaker, checkMs: check?.durationMs },
      queued: mcp.calls.queueOf(name).queued,
    })),
    groups: mcp.generation.upstreams.groupStatus(),
    config: { generation: config.generation, lastReloadOk: config.last?.ok ?? true },
    resultsKept: mcp.calls.kept.size,
    draining: mcp.marks.draining !== undefined,
    bufferedBytes: base.budget.total,
    openStreams: mcp.edge.load.streams,
    legacySessions: mcp.edge.load.sessions,
    storeWritable: base.audit?.writable ?? true,
  }))
}

/** Counts what became of a wish for another configuration. */
export function countReload({ metrics }: Base, { ok, changed }: ReloadReport): void {
  metrics.stayUp.reloaded(!ok ? 'refused' : changed ? 'applied' : 'unchanged')
}
