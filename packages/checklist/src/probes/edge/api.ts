import { openApi } from '@sallyport/contract/admin'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { failed, type Probe, proved, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { addresses, checkKey, withKey } from '../../looks/edge-answers.ts'
import { serverFacts } from '../../looks/gateway.ts'
import {
  ask,
  type AskOptions,
  type HttpAnswer,
  jsonOf,
  type Said,
} from '../../looks/exact-request.ts'
import { both, gatewayProbe, judgeSaid, wantsStatus } from './said.ts'

const SERVERS_ASKED = 20
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
/** A type that no route takes: what is there answers, and nothing is done. */
const NOTHING_TO_DO: AskOptions = { headers: { 'content-type': 'text/plain' }, body: 'checklist' }
const NOWHERE = 'there is nothing at this address'
const NOBODY = 'sallyport-check'

/** What the documentation names on the data listener, besides the paths of each server. */
export const DATA_PATHS = [
  '/mcp',
  '/sse',
  '/messages',
  '/health',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/.well-known/sallyport-callers.json',
] as const

const document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
})
const anyError = z.looseObject({ error: z.looseObject({ message: z.string() }) })

export const documented: Probe = gatewayProbe(
  {
    title: 'Every address that is documented is there',
    remedy: 'run the version that the documentation is of, and pass whole paths on',
    deadlineMs: 20_000,
  },
  async ({ deployment, gateway }, signal) => {
    const described = await gateway.read(openApi, '/api/v1/openapi.json', signal)
    const parsed = document.safeParse(described)
    if (!parsed.success) return unproved('gateway', '/api/v1/openapi.json describes no paths')
    const key = (await checkKey(deployment, signal)).reveal()
    const { data, admin } = addresses(deployment)
    const asked: Asked[] = Object.entries(parsed.data.paths).flatMap(([path, operations]) =>
      METHODS.filter((method) => operations[method] !== undefined).map((method) => ({
        method: method.toUpperCase(),
        url: `${admin}${path.replaceAll(/\{\w+\}/g, NOBODY)}`,
      })),
    )
    const ours = dataPaths(deployment).map((path) => ({
      // A GET could open a stream; health takes nothing else.
      method: path.startsWith('/health') || path.startsWith('/.well') ? 'GET' : 'PUT',
      url: `${data}${path}`,
    }))
    const said: Said[] = []
    for (const one of [...asked, ...ours]) said.push(await askFor(one, key, signal))
    const missing = judgeSaid(said, missingFault)
    if (missing.state !== 'proved') return missing
    return proved({
      kind: 'http',
      text: `${said.length} documented addresses answer, none with 404`,
    })
  },
)

interface Asked {
  readonly method: string
  readonly url: string
}

async function askFor({ method, url }: Asked, key: string, signal: AbortSignal): Promise<Said> {
  const options = method === 'GET' ? {} : NOTHING_TO_DO
  const until = url.endsWith('/events') ? 'head' : 'end'
  const reply = await ask(url, withKey({ ...options, method, until }, key), signal)
  return { request: `${method} ${url}`, reply }
}

function missingFault(answer: HttpAnswer, request: string): string | undefined {
  const { status } = answer
  if (status === 405 && request.startsWith('PUT ') && !request.includes('/api/')) return undefined
  if (status === 405) return 'answers 405: there is an address, but not for this'
  if (status !== 404) return undefined
  // What is asked for may not be there; then the answer says so in words of its own.
  const message = anyError.safeParse(jsonOf(answer)).data?.error.message
  return message !== undefined && !message.includes(NOWHERE)
    ? undefined
    : 'is documented and answers 404'
}

function dataPaths({ config }: Deployment): readonly string[] {
  const all = [...Object.keys(config?.servers ?? {}), ...Object.keys(config?.groups ?? {})]
  const servers = all.slice(0, SERVERS_ASKED)
  const endpoints = Object.keys(config?.endpoints ?? {}).slice(0, SERVERS_ASKED)
  return [
    ...DATA_PATHS,
    ...servers.map((name) => `/servers/${name}/mcp`),
    ...endpoints.map((name) => `/mcp/${name}`),
  ]
}

export const login: Probe = gatewayProbe(
  {
    title: 'The login of people is there and refuses who nobody is with 401',
    remedy: 'let nothing answer in place of the admin API',
  },
  async ({ gateway }, signal) => {
    const url = `${gateway.adminUrl}/api/v1/auth/login`
    const body = JSON.stringify({
      ...{ name: `${NOBODY}-${randomBytes(4).toString('hex')}`, kind: 'bearer' },
      password: randomBytes(16).toString('base64url'),
    })
    const headers = { 'content-type': 'application/json' }
    const reply = await ask(url, { method: 'POST', headers, body, deadlineMs: 8_000 }, signal)
    return judgeSaid([{ request: `POST ${url} as nobody`, reply }], wantsStatus(401))
  },
)

export const servers: Probe = gatewayProbe(
  {
    title:
      'The list of servers names every server of the configuration, and only to who may see it',
    remedy: 'reload the configuration with `sallyport config reload`',
  },
  async ({ deployment, config, gateway }, signal) => {
    const url = `${gateway.adminUrl}/api/v1/servers`
    const closed = judgeSaid(
      [{ request: `GET ${url} without a key`, reply: await ask(url, {}, signal) }],
      wantsStatus(401),
    )
    if (config === undefined) {
      return both(
        closed,
        unproved('config', 'the configuration cannot be read', 'run `sallyport validate`'),
      )
    }
    const listed = new Set((await serverFacts(deployment, signal))?.map(({ name }) => name))
    const missing = Object.keys(config.servers).filter((name) => !listed.has(name))
    if (missing.length > 0) {
      const text = `${missing.slice(0, 10).join(', ')} of the file ${missing.length === 1 ? 'is' : 'are'} not in the list of servers`
      return both(failed([{ kind: 'gateway', text }]), closed)
    }
    return both(proved({ kind: 'gateway', text: `the list names ${listed.size} servers` }), closed)
  },
)
