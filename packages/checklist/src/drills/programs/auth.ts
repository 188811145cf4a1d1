import { Secret } from '@sallyport/kit/secret'
import { McpCaller } from '../calls/mcp-caller.ts'
import { send } from '../calls/send.ts'
import { newToken } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillReport } from '../drill-report.ts'
import { DrillKeys, type KeyTarget } from '../key-target.ts'
import type { DrillProgram } from '../stage.ts'

const LIST = { method: 'tools/list' }
/** Of no server: a key that sees it alone sees nothing. */
const NOTHING = ['drill-nothing__*']

/** Comes without a key, with a wrong one and with one that may too little: each must be refused. */
export const auth: DrillProgram = async (stage, report, signal) => {
  const tool = await Promise.resolve(anyToolOf(Object.keys(stage.deployment.config.servers)))
  const use = async (target: KeyTarget): Promise<undefined> =>
    tryDoor(target, { report, tool }, signal)
  return stage.live === undefined ? onCopy(stage, {}, use, signal) : use(stage.live)
}

function anyToolOf(servers: readonly string[]): string {
  return `${servers[0] ?? 'none'}__any`
}

interface Trying {
  readonly report: DrillReport
  /** A tool that need not be there: who may not call is told so before that is looked up. */
  readonly tool: string
}

async function tryDoor(
  target: KeyTarget,
  { report, tool }: Trying,
  signal: AbortSignal,
): Promise<undefined> {
  await using keys = new DrillKeys(target)
  const url = `${target.dataUrl}/mcp`
  const callers = { none: undefined, wrong: newToken() }
  for (const [name, key] of Object.entries(callers)) {
    const status = await listStatus(url, key, signal)
    const who = name === 'none' ? 'without a key' : 'with a wrong key'
    const remedy = name === 'none' ? ': set `auth.anonymous` to false' : ''
    told(report, { isGood: status === 401, text: `a request ${who} got ${status}`, remedy })
  }
  const caller = await keys.make('caller', signal)
  const good = await listStatus(url, caller.key, signal)
  told(report, { isGood: good === 200, text: `a request with a good key got ${good}` })
  const viewer = await keys.make('viewer', signal)
  const admin = await adminStatus(target, caller.key, signal)
  told(report, {
    isGood: admin === 403,
    text: `the admin API answered a key of the role caller with ${admin}`,
  })
  const call = { method: 'tools/call', params: { name: tool, arguments: {} } }
  using looking = new McpCaller(url, viewer.key)
  const refused = await looking.ask(call, signal)
  const isRefused = refused.status === 403 || refused.code === 'forbidden'
  told(report, {
    isGood: isRefused,
    text: `a call of a key that may only look ended with ${refused.code}`,
  })
  await tryScope({ target, keys, report, tool }, signal)
}

interface Scope extends Trying {
  readonly target: KeyTarget
  readonly keys: DrillKeys
}

/** A key that sees no tool finds none, and calls none by a guessed name. */
async function tryScope({ target, keys, report, tool }: Scope, signal: AbortSignal): Promise<void> {
  const scoped = await keys.make('caller', signal, NOTHING)
  using caller = new McpCaller(`${target.dataUrl}/mcp`, scoped.key)
  const call = { method: 'tools/call', params: { name: tool, arguments: {} } }
  const { ok, code } = await caller.ask(call, signal)
  told(report, {
    isGood: !ok && code !== 'cut',
    text: `a call outside the scope of its key ended with ${code}`,
  })
}

interface Tried {
  readonly isGood: boolean
  readonly text: string
  readonly remedy?: string
}

function told(report: DrillReport, { isGood, text, remedy = '' }: Tried): void {
  if (isGood) report.step(text)
  else report.fault(`${text}${remedy}`)
}

async function listStatus(
  url: string,
  key: Secret | undefined,
  signal: AbortSignal,
): Promise<number> {
  using caller = new McpCaller(url, key)
  const { status } = await caller.ask(LIST, signal)
  return status
}

async function adminStatus(target: KeyTarget, key: Secret, signal: AbortSignal): Promise<number> {
  const headers = { authorization: `Bearer ${key.reveal()}` }
  const url = `${target.adminUrl}/api/v1/keys`
  const { status } = await send(url, { method: 'GET', headers }, signal)
  return status
}
