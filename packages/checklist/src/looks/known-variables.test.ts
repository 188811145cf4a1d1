import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KNOWN_VARIABLES } from './known-variables.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const NAME = /(?:'|env(?:ironment)?\.)((?:SALLYPORT|SLACK|GATEWAY|MCP)_[A-Z][A-Z_]*[A-Z])\b/g

test('every variable that a package reads by name is known [check/env/unknown]', () => {
  const files = globSync('packages/{kit,gateway,slack,cli}/src/**/*.ts', { cwd: ROOT })
  const sources = files.filter((file) => !file.endsWith('.test.ts'))
  const names = sources.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(NAME)].map(([, name = '']) => name),
  )
  expect(names.length).toBeGreaterThan(50)
  expect([...new Set(names)].filter((name) => !KNOWN_VARIABLES.includes(name))).toEqual([])
})
