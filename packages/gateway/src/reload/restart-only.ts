import type { ConfigPath } from '@sallyport/kit/config'
import type { RunnableConfig } from '../config/index.ts'
import { isSameValue } from '../same-value.ts'

type Reader = (config: RunnableConfig) => unknown

/** What is bound, opened or counted once for the life of the process. */
const RESTART_ONLY: readonly (readonly [path: ConfigPath, read: Reader])[] = [
  [['listen'], ({ listen }) => listen],
  [['admin'], ({ admin }) => admin],
  [['store'], ({ store }) => store],
  [['postgres'], ({ postgres }) => postgres],
  [['tracing'], ({ tracing }) => tracing],
  [['metrics'], ({ metrics }) => metrics],
  [['log'], ({ log }) => log],
  [['audit', 'enabled'], ({ audit }) => audit.enabled],
  [['audit', 'durability'], ({ audit }) => audit.durability],
  [['limits', 'headerBytes'], ({ limits }) => limits.headerBytes],
  [['limits', 'requestTimeout'], ({ limits }) => limits.requestMs],
  [['limits', 'connections'], ({ limits }) => limits.connections],
  [['limits', 'connectionsPerAddress'], ({ limits }) => limits.connectionsPerAddress],
  [['limits', 'bufferedBytes'], ({ limits }) => limits.bufferedBytes],
  [['limits', 'resultBytes'], ({ limits }) => limits.resultBytes],
]

/** The keys in which two configurations differ and that only a restart can change. */
export function restartKeys(before: RunnableConfig, after: RunnableConfig): readonly ConfigPath[] {
  return RESTART_ONLY.filter(([, read]) => !isSameValue(read(before), read(after))).map(
    ([path]) => path,
  )
}
