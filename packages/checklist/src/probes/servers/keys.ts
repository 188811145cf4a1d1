import type { AuditList, KeyItem } from '@sallyport/contract/admin'
import type { GatewayConfig } from '@sallyport/contract/config'
import { judged, type Probe, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment, GatewayView } from '../../deployment.ts'
import { auditRows, keyFacts, userFacts } from '../../looks/gateway.ts'
import { countOf, someOf, withConfig, withGateway, noGateway } from '../needs.ts'

const DAY_MS = 86_400_000
const MONTH_MS = 30 * DAY_MS
const QUARTER_MS = 92 * DAY_MS
const ADMINS_MAX = 3
/** Reading what each key called takes a query; more keys than this are not judged. */
const KEYS_MAX = 100
/** Names that several people would use. */
const SHARED =
  /^(?:all|common|default|everybody|everyone|key|main|public|shared|team|temp|test|token)(?:-?\d*)$/i
/** What a token is called that nobody named. */
const UNNAMED = /^token-\d+$/

/** Nobody is let in without saying who they are. */
export const anonymousOff: Probe = {
  kind: 'probe',
  title: 'Callers without a credential are refused',
  remedy: 'remove `auth.anonymous`, and give callers keys with `sallyport keys create NAME`',
  look: async (deployment) =>
    withConfig(deployment, ({ auth }) =>
      judged(auth.anonymous ? [seen('auth.anonymous is true')] : [], [
        seen('auth.anonymous is false'),
      ]),
    ),
}

/** Each caller has a credential of its own. */
export const keyPerPrincipal: Probe = {
  kind: 'probe',
  title: 'Each caller has a key or token of its own, by its name',
  remedy: 'give each caller a key with `sallyport keys create NAME`, and revoke what is shared',
  look: async (deployment, signal) => {
    const keys = await keyFacts(deployment, signal)
    if (keys === undefined) return noGateway(deployment)
    return withConfig(deployment, ({ auth }) => {
      const issuers = Object.keys(auth.issuers).length
      if (keys.length + auth.tokens.length + issuers === 0) {
        return unproved(
          'gateway',
          'there is no key, no token and no identity provider',
          'make one with `sallyport keys create NAME`',
        )
      }
      return judged(sharedNames(keys, auth), [
        seen(
          [
            countOf(keys.length, 'key'),
            countOf(auth.tokens.length, 'token'),
            countOf(issuers, 'identity provider'),
          ].join(', '),
        ),
      ])
    })
  },
}

function sharedNames(keys: readonly KeyItem[], { tokens }: GatewayConfig['auth']): Seen[] {
  return [
    ...keys
      .filter(({ name }) => SHARED.test(name))
      .map(({ name }) => seen(`the key ${name} is named as if it were shared`)),
    ...tokens
      .filter(({ name }) => UNNAMED.test(name) || SHARED.test(name))
      .map(({ name }) =>
        seen(`the token ${name} has no name of its own: write \`{ name, value }\``),
      ),
  ]
}

/** What nobody used in a month is not given. */
export const leastPrivilege: Probe = {
  kind: 'probe',
  title:
    'Keys of administrators make no calls, and keys that are a month old use the servers they may',
  remedy: 'give callers keys of role `caller`, confined with `--server` to what they use',
  look: async (deployment, signal) => {
    const keys = await keyFacts(deployment, signal)
    if (keys === undefined) return noGateway(deployment)
    if (keys.length > KEYS_MAX)
      return unproved('gateway', `more than ${KEYS_MAX} keys: too many to look at`)
    return withConfig(deployment, async (config) =>
      withGateway(deployment, async (gateway) => {
        const faults: Seen[] = []
        const unseen: string[] = []
        for (const key of keys) {
          const found = await unusedOf(deployment, { config, gateway, key }, signal)
          if (found === 'unseen') unseen.push(key.name)
          else faults.push(...found)
        }
        if (faults.length === 0 && unseen.length > 0) {
          const text = `too much was recorded of ${someOf(unseen)} to look at all of it`
          return unproved('gateway', text)
        }
        return judged(faults, [
          seen(`looked at ${countOf(keys.length, 'key')}: they use what they may`),
        ])
      }),
    )
  },
}

interface KeyUse {
  readonly config: GatewayConfig
  readonly gateway: GatewayView
  readonly key: KeyItem
}

async function unusedOf(
  { clock }: Deployment,
  { config, gateway, key }: KeyUse,
  signal: AbortSignal,
): Promise<readonly Seen[] | 'unseen'> {
  const nowMs = clock.nowMs()
  const since = new Date(nowMs - MONTH_MS).toISOString()
  const own = { principal: `key:${key.id}`, since }
  const { items, next } = await auditRows(gateway, own, signal)
  const called = items.filter(isToolCall)
  if (key.role === 'admin') {
    return called.length === 0
      ? next === undefined
        ? []
        : 'unseen'
      : [seen(`the key ${key.name} is an administrator's and called tools in the last 30 days`)]
  }
  const names = Object.keys(config.servers)
  const isOld = nowMs - Date.parse(key.createdAt) > MONTH_MS
  if (!isOld || key.role !== 'caller' || names.length < 2) return []
  const used = new Set(called.map(({ server }) => server))
  const unused = (key.servers ?? names).filter((name) => !used.has(name))
  if (next !== undefined && unused.length > 0) {
    // Older rows are asked for by server, so that one that is called all the time hides no other.
    for (const server of unused) {
      const older = await auditRows(gateway, { ...own, server }, signal)
      if (older.items.some(isToolCall)) used.add(server)
      else if (older.next !== undefined) return 'unseen'
    }
  }
  return unusedText(
    key,
    unused.filter((name) => !used.has(name)),
  )
}

function isToolCall({ kind, method }: AuditList['items'][number]): boolean {
  return kind === 'call' && method === 'tools/call'
}

function unusedText(key: KeyItem, unused: readonly string[]): Seen[] {
  return unused.length === 0
    ? []
    : [seen(`the key ${key.name} may reach ${someOf(unused)} and did not in the last 30 days`)]
}

/** Few may do everything, and they are known by name. */
export const adminsFew: Probe = {
  kind: 'probe',
  title: 'At most three keys and people are administrators',
  remedy: 'give the others the role `operator`, `auditor` or one of your own',
  look: async (deployment, signal) => {
    const keys = await keyFacts(deployment, signal)
    if (keys === undefined) return noGateway(deployment)
    return withGateway(deployment, async () => {
      const users = (await userFacts(deployment, signal)) ?? []
      const tokens = deployment.config?.auth.tokens ?? []
      const admins = [
        ...keys.filter(({ role }) => role === 'admin').map(({ name }) => `key ${name}`),
        ...users
          .filter(({ roles, disabledAt }) => disabledAt === null && roles.includes('admin'))
          .map(({ name }) => `user ${name}`),
        ...tokens.filter(({ roles }) => roles.includes('admin')).map(({ name }) => `token ${name}`),
      ]
      const all = `${countOf(admins.length, 'administrator')}: ${someOf(admins)}`
      return judged(admins.length > ADMINS_MAX ? [seen(all)] : [], [
        seen(admins.length === 0 ? 'nobody but whoever has this machine is an administrator' : all),
      ])
    })
  },
}

/** No credential is older than a quarter. */
export const keyAge: Probe = {
  kind: 'probe',
  title: 'Every key was made or rotated within 92 days',
  remedy: 'rotate them with `sallyport keys rotate NAME`',
  look: async (deployment, signal) => {
    const keys = await keyFacts(deployment, signal)
    if (keys === undefined) return noGateway(deployment)
    const nowMs = deployment.clock.nowMs()
    const old = keys.filter(
      ({ rotatedAt, createdAt }) => nowMs - Date.parse(rotatedAt ?? createdAt) > QUARTER_MS,
    )
    return judged(
      old.map(({ name, rotatedAt, createdAt }) =>
        seen(`the key ${name} is of ${rotatedAt ?? createdAt}`),
      ),
      [seen(`${countOf(keys.length, 'key')}, none older than 92 days`)],
    )
  },
}

/** Keys that nobody uses are gone. */
export const keysUsed: Probe = {
  kind: 'probe',
  title: 'Every key that is a month old was used within the last 30 days',
  remedy: 'revoke what nobody uses: `sallyport keys revoke NAME`',
  look: async (deployment, signal) => {
    const keys = await keyFacts(deployment, signal)
    if (keys === undefined) return noGateway(deployment)
    const nowMs = deployment.clock.nowMs()
    const idle = keys.filter(
      ({ createdAt, lastUsedAt }) => nowMs - Date.parse(lastUsedAt ?? createdAt) > MONTH_MS,
    )
    return judged(
      idle.map(({ name, lastUsedAt }) =>
        seen(`the key ${name} was last used ${lastUsedAt ?? 'never'}`),
      ),
      [seen(`${countOf(keys.length, 'key')}, used or new`)],
    )
  },
}

function seen(text: string): Seen {
  return { kind: 'gateway', text }
}
