import { failed, type Finding, proved, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { bytesText } from '../../looks/bytes-of.ts'
import { argumentOf, type DataPlace, redisPlaces } from '../../looks/data-places.ts'
import { kindOfMount, mountOf } from '../../looks/mount-of.ts'
import { placeOfHost } from '../../looks/network.ts'
import { type RedisFacts, type RedisReading, redisReadings } from '../../looks/redis.ts'
import { isDefaultPassword } from './default-password.ts'
import { nameOf, placeProbe, silent } from './over-places.ts'
import { judgePublished } from './published.ts'
import { mountText } from './store-place.ts'
import { volumeOf } from './volume-of.ts'

const BASE = { places: redisPlaces, read: redisReadings, product: 'Redis' } as const
const DATA_FOLDER = '/data'
/** Above that share of `maxmemory` it soon refuses or forgets. */
const USED_MAX = 0.9

function seen(text: string): Seen {
  return { kind: 'database', text }
}

/** That it answers and lets the deployment in. */
export const redisReachable = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis answers',
  remedy: 'start Redis, and compare address and password with `checklist.redis`',
  judge: ({ place, facts, missing }) => {
    const name = nameOf(place)
    if (facts !== undefined) {
      const user = facts.user === undefined ? '' : `, asked as ${facts.user}`
      return proved(
        seen(`${name} is Redis ${facts.info.get('redis_version') ?? 'of no version'}${user}`),
      )
    }
    return missing.isElsewhere
      ? silent(place, missing.text)
      : failed([seen(`${name} ${missing.text}`)])
  },
})

/** That nobody reads or writes it who has no password. */
export const redisPassword = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis answers nobody without a password, and it is none that everybody knows',
  remedy: 'set `requirepass` or an ACL, and give the deployment the password by reference',
  judge: ({ place, isOpen, missing }) => {
    const name = nameOf(place)
    if (isOpen === true) return failed([seen(`${name} answers without a password`)])
    if (place.passwords.some((password) => isDefaultPassword(password, place.url))) {
      return failed([seen(`the password of ${name} is one that everybody knows or tries`)])
    }
    if (isOpen === false) return proved(seen(`${name} refuses whoever has no password`))
    return withoutPassword(place) ?? silent(place, missing?.text ?? 'does not answer')
  },
})

/** What its compose file says already, where it cannot be asked. */
function withoutPassword(place: DataPlace): Finding | undefined {
  const { service } = place
  if (service === undefined || isConfigured(place) || place.passwords.length > 0) return undefined
  const text = `${service.at('command')} starts Redis without \`--requirepass\``
  return failed([{ kind: 'file', text }])
}

/** Whether a file, of which the compose file says nothing, may set everything. */
function isConfigured({ service }: DataPlace): boolean {
  return [...(service?.command ?? []), ...(service?.entrypoint ?? [])].some((word) =>
    /\.conf\b|\$/.test(word),
  )
}

/** That it cannot take all memory of the machine. */
export const redisMemory = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis has a bound of memory and keeps within it',
  remedy: 'set `maxmemory` and `maxmemory-policy`, or raise them',
  judge: ({ place, facts, missing }) => {
    const name = nameOf(place)
    if (facts === undefined) return unboundedBy(place) ?? silent(place, missing.text)
    const limit = Number(facts.info.get('maxmemory') ?? 0)
    const used = Number(facts.info.get('used_memory') ?? 0)
    if (limit === 0) return failed([seen(`${name} has no \`maxmemory\``)])
    const policy = facts.info.get('maxmemory_policy') ?? 'no policy'
    const text = `${name} uses ${bytesText(used)} of ${bytesText(limit)}, ${policy}`
    return used > limit * USED_MAX ? failed([seen(text)]) : proved(seen(text))
  },
})

function unboundedBy(place: DataPlace): Finding | undefined {
  const { service } = place
  if (service === undefined || isConfigured(place)) return undefined
  if (argumentOf(service, 'maxmemory') !== undefined) return undefined
  const text = `${service.at('command')} starts Redis without \`--maxmemory\``
  return failed([{ kind: 'file', text }])
}

/** That what it holds outlives a restart. */
export const redisPersistence = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis writes what it holds to a disk that outlives its container',
  remedy: 'set `appendonly yes`, and mount a volume at its folder',
  judge: async ({ place, facts, missing }, deployment, signal) => {
    const { service } = place
    const volume =
      service === undefined ? undefined : await volumeOf(service, DATA_FOLDER, deployment, signal)
    if (volume?.fault !== undefined) return failed([volume.fault])
    if (facts === undefined) return silent(place, missing.text)
    const written = judgeWriting(place, facts)
    if (written.state !== 'proved' || volume !== undefined) {
      return { ...written, evidence: [...written.evidence, ...(volume ? [volume.seen] : [])] }
    }
    return judgeFolder(place, facts, written)
  },
})

function judgeWriting(place: DataPlace, { info, config }: RedisFacts): Finding {
  const name = nameOf(place)
  const failedWrites = [
    'aof_last_write_status',
    'aof_last_bgrewrite_status',
    'rdb_last_bgsave_status',
  ]
    .filter((key) => info.get(key) === 'err')
    .map((key) => seen(`${name} has ${key} err`))
  if (failedWrites.length > 0) return failed(failedWrites, 'look into its log, and at its disk')
  if (info.get('aof_enabled') === '1') return proved(seen(`${name} appends each change to a file`))
  if (config === undefined) {
    const remedy = 'let the user of `checklist.redis` run `CONFIG GET`'
    return unproved(
      'database',
      `${name} appends to no file, and does not tell whether it saves`,
      remedy,
    )
  }
  const save = config.get('save') ?? ''
  if (save === '') return failed([seen(`${name} neither saves nor appends: a restart empties it`)])
  return proved(seen(`${name} saves by the rule ${save}`))
}

async function judgeFolder(
  place: DataPlace,
  { config }: RedisFacts,
  written: Finding,
): Promise<Finding> {
  const name = nameOf(place)
  const folder = config?.get('dir')
  const found = await placeOfHost(place.host)
  if (found?.isHere !== true || folder === undefined) {
    const text = `where ${name} writes cannot be seen from here`
    return unproved('file', text, 'look at its `dir` there, and attest it')
  }
  const mount = await mountOf(folder)
  const text = `it writes to ${folder}, ${mountText(mount)}`
  const kind = kindOfMount(mount)
  if (kind === 'memory' || kind === 'layer') return failed([{ kind: 'file', text }])
  return { ...written, evidence: [...written.evidence, { kind: 'file', text }] }
}

/** That it is asked by the deployment alone. */
export const redisNotPublished = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis can be reached from this machine or a private network alone',
  remedy:
    'publish no port, or at `127.0.0.1:6379:6379`; outside of containers set `bind 127.0.0.1`',
  judge: ({ place }) => judgePublished(place),
})

/** That it serves. */
export const redisWorks = placeProbe<RedisReading>({
  ...BASE,
  title: 'Redis answers a ping and a read',
  remedy: 'look into the log of Redis',
  judge: ({ place, facts, missing }: RedisReading, _deployment: Deployment) => {
    const name = nameOf(place)
    if (facts === undefined) return silent(place, missing.text)
    const { info, read } = facts
    if (info.get('loading') === '1') return failed([seen(`${name} is still reading its files`)])
    if (info.get('master_link_status') === 'down') {
      return failed([seen(`${name} is a copy that has lost its original`)])
    }
    if (read === 'yes') return proved(seen(`${name} answered PING and EXISTS`))
    if (read === 'NOPERM') {
      return unproved('database', `${name} lets the user of the check read nothing`)
    }
    return failed([seen(`${name} answered a read with ${read}`)])
  },
})
