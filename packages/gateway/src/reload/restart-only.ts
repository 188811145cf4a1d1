import { isDeepStrictEqual } from 'node:util'
import type { ConfigPath } from '@sallyport/kit/config'
import { Secret } from '@sallyport/kit/secret'
import type { RunnableConfig } from '../config/index.ts'

type Reader = (config: RunnableConfig) => unknown

/** What is bound, opened or counted once for the life of the process. */
const RESTART_ONLY: readonly (readonly [path: ConfigPath, read: Reader])[] = [
  [['listen'], ({ listen }) => listen],
  [['admin'], ({ admin }) => admin],
  [['store'], ({ store }) => store],
  [['postgres'], ({ postgres }) => postgres],
  [['masterKey'], ({ masterKey }) => masterKey],
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
  return RESTART_ONLY.filter(([, read]) => !isSame(read(before), read(after))).map(([path]) => path)
}

/** Deep equality that looks into secrets without showing them. */
export function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
