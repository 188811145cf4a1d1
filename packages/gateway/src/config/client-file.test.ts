import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpServerConfig, ServerConfig } from '@sallyport/contract/config'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { loadGatewayConfig, type GatewayConfigLoad } from './load-gateway-config.ts'

const FOLDER = fileURLToPath(new URL('../../test/fixtures/config', import.meta.url))
const CASES = readdirSync(FOLDER).filter((name) => name.includes('.input.'))

/** What the files of expectation hold: the parts of a server that come from a client's file. */
function summary(load: GatewayConfigLoad): unknown {
  const problems = load.problems.map(
    ({ severity, line, column, path, message }) =>
      `${severity} ${line}:${column} ${path}: ${message}`,
  )
  if (!load.ok) return { ok: false, problems }
  const servers = Object.entries(load.config.servers).map(([name, server]) => [name, brief(server)])
  return { ok: true, servers: Object.fromEntries(servers), problems }
}

function brief(server: ServerConfig): unknown {
  const shown =
    server.kind === 'stdio'
      ? { command: server.command, args: server.args, env: server.env, cwd: server.cwd }
      : { url: server.url, headers: server.headers, ...transportOf(server) }
  return { kind: server.kind, ...shown }
}

function transportOf({ transport }: HttpServerConfig): object {
  return transport === 'auto' ? {} : { transport }
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return `secret: ${value.reveal()}`
  if (typeof value === 'string') return value.replaceAll(FOLDER, '<folder>')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

test.each(CASES)('%s is read as its file of expectation says [config/client-file]', (name) => {
  const load = loadGatewayConfig({
    source: { kind: 'file', file: join(FOLDER, name) },
    env: { FIXTURE_TOKEN: 'fixture-value', XDG_STATE_HOME: '/state' },
    cwd: dirname(FOLDER),
  })
  const expected = join(FOLDER, name.replace(/\.input\.jsonc?$/, '.expected.json'))
  expect(plain(summary(load))).toEqual(JSON.parse(readFileSync(expected, 'utf8')))
})
