import { Sealer } from '@sallyport/kit/crypto'
import { judgeAuthentication, type RunnableConfig } from '../config/index.ts'
import type { Doors } from '../doors.ts'
import type { Entries } from '../entries/entries.ts'
import type { Base } from '../open-base.ts'
import { tellReload } from '../events/tell-events.ts'
import type { Mcp } from '../mcp.ts'
import { countReload, watchRuntime } from '../watch-runtime.ts'
import { History } from './history.ts'
import { type ConfigOrigin, Reloader } from './reloader.ts'

/** What takes on another configuration. */
export interface Reloadable {
  readonly base: Base
  readonly mcp: Mcp
  readonly doors: Doors
  readonly entries: Entries
}

/**
 * Notes the configuration of this start in the history and stands ready for the next.
 *
 * @throws {AppError} `store_unwritable`
 */
export async function openReloader(
  { base, mcp, doors, entries }: Reloadable,
  origin: ConfigOrigin,
): Promise<Reloader> {
  const { settings, state, options } = base
  const { clock, log } = options
  const { store, keys } = state
  const history = new History({ store: store.generations, sealer: new Sealer(keys, 'config') })
  const { text, file } = origin.loaded
  await history.begin({ atMs: clock.nowMs(), cause: 'start', by: '', file, text })
  const reloader = new Reloader({
    ...{ origin, history, entries, clock, log },
    config: () => settings.config,
    judge: async (config) => judgeAuthentication(config, await base.usableKeys()),
    adopt: (config) => base.secrets.adopt(config),
    apply: (config) => apply({ base, mcp, doors }, config),
    onReload: (report) => {
      countReload(base, report)
      tellReload(base.telling.events, report)
    },
  })
  watchRuntime(base, mcp, reloader)
  return reloader
}

/** One step: nothing is waited for between the first line and the last. */
function apply(
  { base, mcp, doors }: Omit<Reloadable, 'entries'>,
  config: RunnableConfig,
): ReturnType<Mcp['apply']> {
  // First: it is what may refuse.
  doors.apply(config)
  base.settings.apply(config)
  const applied = mcp.apply(config)
  base.identity.apply(config)
  base.identity.settle({ ended: base.tokens.apply(config), renewed: [] })
  return applied
}
