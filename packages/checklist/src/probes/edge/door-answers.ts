import type { Finding, Probe } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { addresses, FOREIGN, refusals } from '../../looks/edge-answers.ts'
import { ask, type HttpAnswer, type Said } from '../../looks/exact-request.ts'
import { both, gatewayProbe, hiddenInFront, judgeSaid } from './said.ts'

const ORIGINS_ASKED = 5
/** Half a year, the least that counts. Source: RFC 6797 §6.1.1; hstspreload.org asks for a year. */
const HSTS_SECONDS_MIN = 15_552_000

/** What belongs to whoever wrote the program, never to who calls it. */
const INNARDS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a stack trace', /\bat .{1,200}:\d+:\d+|Traceback \(most recent call last\)|\bpanicked at\b/],
  ['a path of this machine', /(?:^|[\s"'(:])\/(?:home|usr|opt|srv|var|root|app|work|tmp)\/[\w.-]+/],
  ['a path of a program', /node_modules|[\w-]\.(?:ts|js|mjs|py|rs|go):\d+/],
]

export const errors: Probe = gatewayProbe(
  {
    title: 'Refusals tell no stack trace and no path of the machine',
    remedy: 'let nothing answer in place of the gateway, and turn the debug mode of a proxy off',
  },
  async ({ deployment }, signal) => judgeSaid(await all(deployment, signal), innardsOf),
)

/** Everything that was refused. */
async function all(deployment: Deployment, signal: AbortSignal): Promise<readonly Said[]> {
  const { withoutKey, badKey, foreignHost, foreignOrigin, nowhere } = await refusals(
    deployment,
    signal,
  )
  return [...withoutKey, ...badKey, ...foreignHost, ...foreignOrigin, ...nowhere]
}

function innardsOf({ status, text }: HttpAnswer): string | undefined {
  const found = INNARDS.find(([, pattern]) => pattern.test(text))
  return found && `answers ${status} with ${found[0]}`
}

export const headers: Probe = gatewayProbe(
  {
    title:
      'Answers say `nosniff` and tell no version of a program; over https they ask for https from now on',
    remedy:
      'have the proxy add `Strict-Transport-Security` and `X-Content-Type-Options: nosniff`, and tell no version (`server_tokens off`)',
  },
  async ({ deployment }, signal) => {
    const { data, admin, open } = addresses(deployment)
    const said: Said[] = []
    for (const url of [data, admin, ...(open === undefined ? [] : [open])]) {
      const path = `${url}/health/live`
      said.push({ request: `GET ${path}`, reply: await ask(path, {}, signal) })
    }
    return judgeSaid(said, headerFault, hiddenInFront)
  },
)

function headerFault(answer: HttpAnswer, request: string): string | undefined {
  const told = answer.headers
  const missing: string[] = []
  // Once by the gateway and once by a proxy is no fault.
  if (!/^nosniff(?:, ?nosniff)*$/i.test(told['x-content-type-options'] ?? '')) {
    missing.push('answers without `X-Content-Type-Options: nosniff`')
  }
  const server = told['server'] ?? ''
  if (/\d/.test(server)) missing.push(`tells its version in \`Server: ${server}\``)
  const by = told['x-powered-by']
  if (by !== undefined) missing.push(`tells what it is made with in \`X-Powered-By: ${by}\``)
  if (request.includes(' https://')) {
    const age = Number(/max-age="?(\d+)/i.exec(told['strict-transport-security'] ?? '')?.[1] ?? -1)
    if (age < 0) missing.push('answers without `Strict-Transport-Security`')
    else if (age < HSTS_SECONDS_MIN) {
      missing.push(
        `asks for https for ${age} s only; ${HSTS_SECONDS_MIN} s is the least that counts`,
      )
    }
  }
  return missing.length === 0 ? undefined : missing.join(', ')
}

export const cors: Probe = gatewayProbe(
  {
    title: 'Pages of `origins` may call, and no others',
    remedy:
      'let the gateway alone answer CORS: take `Access-Control-*` out of the proxy, and list pages in `origins`',
  },
  async ({ deployment, config }, signal) => {
    const { data, open } = addresses(deployment)
    const urls = [data, ...(open === undefined ? [] : [open])].map((url) => `${url}/mcp`)
    const foreign = await preflights(urls, `https://${FOREIGN}`, signal)
    const findings: Finding[] = [judgeSaid(foreign, (answer) => foreignFault(answer))]
    for (const origin of (config?.origins ?? []).slice(0, ORIGINS_ASKED)) {
      const known = await preflights(urls, origin, signal)
      findings.push(judgeSaid(known, (answer) => knownFault(answer, origin)))
    }
    return both(...findings)
  },
)

async function preflights(
  urls: readonly string[],
  origin: string,
  signal: AbortSignal,
): Promise<readonly Said[]> {
  const said: Said[] = []
  for (const url of urls) {
    const headers = { origin, 'access-control-request-method': 'POST' }
    const reply = await ask(url, { method: 'OPTIONS', headers }, signal)
    said.push({ request: `OPTIONS ${url} for a page of ${origin}`, reply })
  }
  return said
}

function foreignFault({ headers: told }: HttpAnswer): string | undefined {
  const allowed = told['access-control-allow-origin']
  if (allowed === undefined) return undefined
  const cookies = told['access-control-allow-credentials'] === 'true' ? ', with credentials' : ''
  return `lets it read answers with \`Access-Control-Allow-Origin: ${allowed}\`${cookies}`
}

function knownFault({ status, headers: told }: HttpAnswer, origin: string): string | undefined {
  const allowed = told['access-control-allow-origin']
  if (allowed === origin) return undefined
  if (allowed === undefined) return `answers ${status} without \`Access-Control-Allow-Origin\``
  return `answers \`Access-Control-Allow-Origin: ${allowed}\` instead of exactly ${origin}`
}
