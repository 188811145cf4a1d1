import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, sendRaw, statusesOf } from '../fixtures/attack.ts'
import { head } from '../fixtures/raw-connection.ts'

let attacked: Attacked
beforeAll(async () => {
  attacked = await Attacked.start()
})
afterAll(() => attacked[Symbol.asyncDispose]())

type Listener = 'data' | 'admin'

const HOST = 'Host: localhost'

/** One request, bytes as they are; the statuses of what comes back. */
async function statuses(
  listener: Listener,
  line: string,
  headers: readonly string[] = [],
): Promise<number[]> {
  const bytes = Buffer.from(
    `${line} HTTP/1.1\r\n${[HOST, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`,
    'latin1',
  )
  return statusesOf(await sendRaw(attacked.gateway[listener], bytes))
}

/** Ways to write an address that a page behind the door has, `<page>` being that page without its first slash. */
const SPELLINGS = [
  '/<page>',
  '//<page>',
  '///<page>',
  '/./<page>',
  '/x/../<page>',
  '/health/../<page>',
  '/health/live/../../<page>',
  '/health;/../<page>',
  '/health/%2e%2e/<page>',
  '/health/..%2f<page>',
  '/health%2f..%2f<page>',
  '/health/..;/<page>',
  '/health\\..\\<page>',
  '/.well-known/../<page>',
  '/.well-known/%2e%2e/<page>',
  '/.well-known/..%2f<page>',
  '/.well-known/oauth-protected-resource/../../<page>',
  '/.well-known//<page>',
  '/metrics/../<page>',
  '/api/v1/auth/login/../../../../<page>',
  '/api/v1/auth/login/..%2f..%2f..%2f..%2f<page>',
  '/%2e/<page>',
  '/<page>/',
  '/<page>/.',
  '/<page>//',
  '/<page>;x',
  '/<page>;/health',
  '/<page>%00',
  '/<page>%00/health',
  '/<page>%20',
  '/<page>.json',
  '/<page>?',
  '/<page>?/health',
  '/<page>?path=/health',
  '/<page>#/health',
  '/<page>%23/health',
  '/<page>%3f/health',
  '/<PAGE>',
  '/%61%70%69/v1/keys',
  '/api%2fv1%2fkeys',
  '/api/v1/%6beys',
  '/%256d%2563p',
  '/%c0%afmcp',
  '/%e0%80%afmcp',
  '/mcp%ff',
  '/\u00ffmcp',
  'http://localhost/<page>',
  'http://localhost/health/../<page>',
  'http://evil.example.com/<page>',
  'HTTP://LOCALHOST/<page>',
  '<page>',
  '*',
  'localhost:80',
] as const

const PAGES: Readonly<Record<Listener, readonly string[]>> = {
  data: ['mcp', 'servers/own/mcp', 'sse'],
  admin: ['api/v1/keys', 'api/v1/openapi.json'],
}

const METHODS = ['GET', 'POST', 'DELETE'] as const

function spelt(spelling: string, page: string): string {
  return spelling.replaceAll('<page>', page).replaceAll('<PAGE>', page.toUpperCase())
}

/** What may be said to whoever shows no credential. Never 2xx, never a redirect, never that something failed. */
const REFUSALS = [400, 401, 403, 404, 405]

test.each(SPELLINGS)('without a credential %s leads nowhere [attacks/paths]', async (spelling) => {
  const tries = (['data', 'admin'] as const).flatMap((listener) =>
    PAGES[listener].flatMap((page) =>
      METHODS.map((method) => [listener, method, spelt(spelling, page)] as const),
    ),
  )
  const got = await Promise.all(
    tries.map(async ([listener, method, target]) => {
      const found = await statuses(listener, `${method} ${target}`)
      return found.every((status) => REFUSALS.includes(status)) && found.length === 1
        ? undefined
        : `${listener} ${method} ${target}: ${found.join(', ')}`
    }),
  )
  expect(got.filter((one) => one !== undefined)).toEqual([])
})

const ODD_METHODS = [
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PUT',
  'PATCH',
  'PROPFIND',
  'SEARCH',
  'QUERY',
  'LINK',
  'PURGE',
  'get',
  'Post',
  'JEFF',
  'GET\t',
  'PRI',
] as const

test.each(ODD_METHODS)(
  'without a credential the method %s leads nowhere [attacks/paths]',
  async (method) => {
    for (const listener of ['data', 'admin'] as const) {
      for (const page of PAGES[listener]) {
        const received = await sendRaw(
          attacked.gateway[listener],
          head(method, `/${page}`, [HOST, 'Connection: close']),
        )
        // No answer at all is one, too: CONNECT is cut off.
        const [status = method === 'CONNECT' ? 400 : 0] = statusesOf(received)
        // A preflight says which methods there are, and nothing else; it grants no origin anything.
        const allowed = method === 'OPTIONS' ? [204, 400, 401, 403, 405] : [400, 401, 404, 405, 501]
        expect([listener, page, allowed.includes(status) ? 'refused' : status]).toEqual([
          listener,
          page,
          'refused',
        ])
        expect(received).not.toMatch(/access-control-allow-origin/i)
        // TRACE gives nothing back of what was sent.
        expect(received).not.toContain('Host: localhost')
      }
    }
  },
)

const OVERRIDES = [
  'X-HTTP-Method-Override: GET',
  'X-HTTP-Method: OPTIONS',
  'X-Method-Override: OPTIONS',
  'X-Original-URL: /health',
  'X-Rewrite-URL: /health',
  'X-Forwarded-Prefix: /health/..',
  'X-Original-Method: OPTIONS',
  'X-Forwarded-Method: OPTIONS',
  'X-Forwarded-Uri: /health',
  'X-Custom-IP-Authorization: 127.0.0.1',
  'X-Authenticated-User: admin',
  'X-Remote-User: admin',
  'Remote-User: admin',
  'Sallyport-Caller: admin',
] as const

test.each(OVERRIDES)(
  'without a credential the header %s changes nothing [attacks/paths]',
  async (header) => {
    for (const listener of ['data', 'admin'] as const) {
      for (const page of PAGES[listener]) {
        expect(await statuses(listener, `GET /${page}?_method=OPTIONS`, [header])).toEqual([401])
        expect(
          await statuses(listener, `POST /${page}?_method=GET`, [header, 'Content-Length: 0']),
        ).toEqual([401])
      }
    }
  },
)

test('a viewer changes nothing by any way of naming another method [attacks/paths]', async () => {
  const headers = {
    'x-http-method-override': 'DELETE',
    'x-http-method': 'DELETE',
    'x-method-override': 'DELETE',
  }
  const { items } = (await attacked.api('root', 'GET', '/api/v1/servers')).json as unknown as {
    items: object[]
  }
  for (const [method, path] of [
    ['GET', '/api/v1/servers/own?_method=DELETE'],
    ['GET', '/api/v1/servers/own/block?_method=POST'],
    ['HEAD', '/api/v1/servers/own/block'],
    ['POST', '/api/v1/servers/own?_method=GET'],
  ] as const) {
    const answer = await attacked.api('viewer', method, path, { headers })
    expect([path, answer.status >= 500]).toEqual([path, false])
  }
  const after = (await attacked.api('root', 'GET', '/api/v1/servers')).json as unknown as {
    items: object[]
  }
  expect(after.items.map((item) => Object(item).state)).toEqual(
    items.map((item) => Object(item).state),
  )
})

test('nothing is granted to a page of another origin by a preflight [attacks/paths]', async () => {
  for (const listener of ['data', 'admin'] as const) {
    const received = await sendRaw(
      attacked.gateway[listener],
      head('OPTIONS', `/${PAGES[listener][0]}`, [
        ...[HOST, 'Connection: close', 'Origin: https://evil.example.com'],
        'Access-Control-Request-Method: POST',
      ]),
    )
    expect(statusesOf(received)).toEqual([403])
    expect(received).not.toMatch(/access-control-allow/i)
  }
})
