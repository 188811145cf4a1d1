import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROUTES } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { DATA_PATHS } from './api.ts'

const ROOT = join(import.meta.dirname, '../../../../..')
const PATH =
  /(?<![\w.])\/(?:api\/v1|health|metrics|mcp|sse|messages|\.well-known|servers)(?:\/[\w\-.:{}<>]*)*/g
/** What is asked of every server, group and endpoint of the configuration. */
const OF_ONE = [/^\/servers\/[^/]+\/(?:mcp|sse|messages)$/, /^\/mcp\/[^/]+$/]

test('every path that the documentation names is asked for', () => {
  const known = [...Object.values(ROUTES).map(({ path }) => path), ...DATA_PATHS]
  const isKnown = (path: string): boolean =>
    path === '/api/v1' ||
    OF_ONE.some((pattern) => pattern.test(path)) ||
    known.some((one) => fits(one.split('/'), path.split('/')))
  const unknown = globSync('{README.md,docs/**/*.md}', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(PATH)]
      .map(([path]) => path.replace(/[/.:]+$/, ''))
      .filter((path) => !isKnown(path))
      .map((path) => `${file}: ${path}`),
  )
  expect(unknown).toEqual([])
})

function fits(route: readonly string[], path: readonly string[]): boolean {
  return (
    route.length === path.length &&
    route.every((part, at) => part.startsWith(':') || part === path[at])
  )
}
