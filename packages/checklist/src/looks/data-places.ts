import { type Deployment, fact } from '../deployment.ts'
import { composeFacts, type ComposePort, type ComposeService } from './compose.ts'
import { composeRoles } from './compose-roles.ts'
import { givenVariables } from './given-variables.ts'
import { liveContainers } from './live-containers.ts'

/** A PostgreSQL or Redis that something of the deployment names. */
export interface DataPlace {
  readonly kind: 'postgres' | 'redis'
  /** What names it: `store`, `DATABASE_URL (compose.yaml:12)`. */
  readonly named: string
  /** With its password: never told. */
  readonly url: string
  /** Host, port and database, fit for a sentence. */
  readonly label: string
  readonly host: string
  readonly port: number
  readonly database: string
  /** The container that it runs in, where a compose file of the deployment has it. */
  readonly service: ComposeService | undefined
  /** Whether it is the store of the gateway. */
  readonly isStore: boolean
  /** Every password that something of the deployment has for it: never told. */
  readonly passwords: readonly string[]
}

/** Where a place may answer. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What of that kind there is. */
export interface DataPlaces {
  readonly places: readonly DataPlace[]
  /** What could not be followed, so that there may be more. */
  readonly gaps: readonly string[]
}

const PORTS = { postgres: 5432, redis: 6379 } as const
const SCHEMES = { postgres: /^postgres(?:ql)?:\/\/./, redis: /^rediss?:\/\/./ } as const
/** Nobody has it: what the compose file leaves open cannot be tried. */
const NOT_SET = ''

interface Named {
  readonly named: string
  readonly url: string
  readonly isStore?: boolean
}

/** Every PostgreSQL that the configuration, environment files and compose files name. */
export const postgresPlaces = fact((deployment, signal) =>
  findPlaces('postgres', storeOf(deployment), deployment, signal),
)

/** Every Redis that the configuration, environment files and compose files name. */
export const redisPlaces = fact((deployment, signal) => {
  const { redis } = deployment.settings
  const own = redis === undefined ? [] : [{ named: 'checklist.redis', url: redis.reveal() }]
  return findPlaces('redis', own, deployment, signal)
})

function storeOf({ config }: Deployment): Named[] {
  const store = config?.store
  if (store === undefined || !SCHEMES.postgres.test(store)) return []
  return [{ named: 'store', url: store, isStore: true }]
}

async function findPlaces(
  kind: DataPlace['kind'],
  own: readonly Named[],
  deployment: Deployment,
  signal: AbortSignal,
): Promise<DataPlaces> {
  const { services, gaps } = await composeFacts(deployment, signal)
  const roles = await composeRoles(deployment, signal)
  const runners = services.filter((service) => roles.get(service) === kind)
  const given = await givenVariables(deployment, signal)
  const used = given
    .filter(({ value }) => SCHEMES[kind].test(value))
    .map(({ name, value, at }) => ({ named: `${name} (${at})`, url: value }))
  const places = [...own, ...used].reduce<readonly DataPlace[]>((known, one) => {
    const place = toPlace(kind, one, runners)
    return place === undefined ? known : withPlace(known, place)
  }, [])
  const run = runners.flatMap((service) => toPlace(kind, ownOf(kind, service), runners) ?? [])
  return {
    places: run.reduce(withRunner, places),
    gaps: gaps.map(({ at, text }) => `${at}: ${text}`),
  }
}

/** A container as its compose file starts it. */
function ownOf(kind: DataPlace['kind'], service: ComposeService): Named {
  const url = kind === 'postgres' ? postgresUrl(service) : redisUrl(service)
  return { named: `the service ${service.name} (${service.at()})`, url }
}

/** The container's own address and that of the port it publishes are one; each database is another. */
function withPlace(known: readonly DataPlace[], place: DataPlace): readonly DataPlace[] {
  const isSame = (one: DataPlace) =>
    one.label === place.label ||
    (one.service !== undefined && one.service === place.service && one.database === place.database)
  if (!known.some(isSame)) return [...known, place]
  return known.map((one) => (isSame(one) ? withPasswords(one, place.passwords) : one))
}

/** What nothing else names is asked as its own user; else its own password is one more. */
function withRunner(known: readonly DataPlace[], runner: DataPlace): readonly DataPlace[] {
  if (!known.some(({ service }) => service === runner.service)) return [...known, runner]
  return known.map((one) =>
    one.service === runner.service ? withPasswords(one, runner.passwords) : one,
  )
}

function withPasswords(place: DataPlace, more: readonly string[]): DataPlace {
  return { ...place, passwords: [...new Set([...place.passwords, ...more])] }
}

function toPlace(
  kind: DataPlace['kind'],
  { named, url, isStore = false }: Named,
  runners: readonly ComposeService[],
): DataPlace | undefined {
  const parts = partsOf(url, PORTS[kind])
  if (parts === undefined) return undefined
  const { host, port, password } = parts
  // A number in the path of a Redis is no Redis of its own.
  const database = kind === 'redis' ? '' : parts.database
  const service = runners.find((one) => runsAt(one, { host, port }, PORTS[kind]))
  return {
    ...{ kind, named, url, host, port, database, service, isStore },
    label: `${host === '' ? 'localhost' : host}:${port}${database === '' ? '' : `/${database}`}`,
    passwords: password === '' ? [] : [password],
  }
}

/** By its name within the network, or by a port that it publishes on this machine. */
function runsAt(
  { name, ports }: ComposeService,
  { host, port }: { readonly host: string; readonly port: number },
  inner: number,
): boolean {
  if (host === name) return true
  if (!/^(?:127\.|localhost$|\[?::1)/.test(host)) return false
  return ports.some(({ target, published }) => target === `${inner}` && published === `${port}`)
}

interface UrlParts {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly password: string
}

/** A socket folder as host is no WHATWG host, so the parts are read by hand, as the drivers do. */
function partsOf(url: string, defaultPort: number): UrlParts | undefined {
  const match =
    /^\w+:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?(?:\/([^?#]*))?(?:\?([^#]*))?/.exec(
      url,
    )
  if (match === null) return undefined
  const [, user = '', host = '', port, database = '', query = ''] = match
  const parameters = new URLSearchParams(query)
  const colon = user.indexOf(':')
  return {
    host: decoded(parameters.get('host') ?? host),
    port: Number(port ?? parameters.get('port') ?? defaultPort),
    database: decoded(database),
    password: colon < 0 ? '' : decoded(user.slice(colon + 1)),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray % is part of it
  }
}

/** As the official image makes user and database. Source: Docker Hub, "postgres". */
function postgresUrl({ name, environment }: ComposeService): string {
  const of = (key: string) => environment.get(key)?.value
  const user = of('POSTGRES_USER') ?? 'postgres'
  const password = of('POSTGRES_PASSWORD') ?? NOT_SET
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  return `postgres://${credentials}@${name}:5432/${encodeURIComponent(of('POSTGRES_DB') ?? user)}`
}

/** What a shell puts in only when the container starts. */
const BY_SHELL = /\$[({A-Za-z_]|`/

function redisUrl(service: ComposeService): string {
  const given =
    argumentOf(service, 'requirepass') ?? service.environment.get('REDIS_PASSWORD')?.value
  const password = given !== undefined && BY_SHELL.test(given) ? undefined : given
  return `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${service.name}:6379`
}

/** The value of `--name value` or `--name=value` in the command of a service. */
export function argumentOf(
  { command, entrypoint }: ComposeService,
  name: string,
): string | undefined {
  const words = [...entrypoint, ...command].flatMap((word) => word.split(/\s+/))
  const index = words.findIndex((word) => word === `--${name}`)
  if (index >= 0) return words[index + 1]
  return words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
}

/**
 * Addresses at which a place may answer from here, the likeliest first: a port that its container publishes, the
 * container itself, and what the deployment writes.
 */
export async function addressesOf(
  place: DataPlace,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Address[]> {
  const { host, port, service } = place
  if (service === undefined) return [{ host, port }]
  const within = await containerAddresses(service, deployment, signal)
  return [
    ...service.ports.flatMap((one) => publishedAt(one, PORTS[place.kind])),
    ...within.map((address) => ({ host: address, port })),
    { host, port },
  ]
}

function publishedAt({ address, published, target }: ComposePort, inner: number): Address[] {
  const port = Number(published)
  if (target !== `${inner}` || !Number.isInteger(port)) return []
  const everywhere = address === '0.0.0.0' || address === '::'
  return [{ host: everywhere ? '127.0.0.1' : address, port }]
}

async function containerAddresses(
  { name, project }: ComposeService,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string[]> {
  // Without docker nothing is known of containers, and other answers say so.
  const live = await liveContainers(deployment, signal).catch(() => undefined)
  const own = live?.containers?.filter((one) => one.service === name && one.project === project)
  return (own ?? []).flatMap(({ addresses }) => [...addresses])
}
