import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { importBreaks, importsOf, type PackageFacts } from './layers.ts'

const PACKAGES: readonly PackageFacts[] = [
  { folder: 'kit', exports: ['./errors', './secret', './limits'], declared: ['zod'] },
  { folder: 'contract', exports: ['./config'], declared: ['zod', '@sallyport/kit'] },
  { folder: 'gateway', exports: ['.'], declared: ['@sallyport/kit'] },
  { folder: 'cli', exports: [], declared: ['@sallyport/kit', '@sallyport/gateway'] },
]

function breaksOf(path: string, specifier: string): string[] {
  const folder = path.split('/')[1] ?? ''
  return importBreaks([{ folder, path, imports: [specifier] }], PACKAGES, ['vitest'])
}

test.each([
  ['an upward import', 'packages/kit/src/a.ts', '@sallyport/gateway', 'kit may not import gateway'],
  [
    'a sideways import',
    'packages/gateway/src/a.ts',
    '@sallyport/cli',
    'gateway may not import cli',
  ],
  [
    'more of kit than contract may take',
    'packages/contract/src/a.ts',
    '@sallyport/kit/limits',
    'contract may import only ./errors and ./roles and ./secret of kit',
  ],
  [
    'a deep import',
    'packages/cli/src/a.ts',
    '@sallyport/kit/src/errors.ts',
    '@sallyport/kit/src/errors.ts is not exported by kit',
  ],
  [
    'an undeclared workspace',
    'packages/gateway/src/a.ts',
    '@sallyport/contract/config',
    '@sallyport/contract is not declared in the package.json',
  ],
  [
    'an undeclared dependency',
    'packages/kit/src/a.ts',
    'undici',
    'undici is not declared in the package.json',
  ],
  [
    'a test tool in production code',
    'packages/kit/src/a.ts',
    'vitest',
    'vitest is not declared in the package.json',
  ],
  [
    'a path into another package',
    'packages/cli/src/a.ts',
    '../../kit/src/errors.ts',
    '../../kit/src/errors.ts leaves the package; import another package by its name',
  ],
  [
    'a deep import of a test into its own package',
    'packages/kit/test/a.test.ts',
    '@sallyport/kit/deep',
    '@sallyport/kit/deep is not exported by kit',
  ],
  [
    'its own name',
    'packages/kit/src/a.ts',
    '@sallyport/kit/errors',
    '@sallyport/kit/errors is the package itself; import by a relative path',
  ],
])('refuses %s', (_case, path, specifier, sentence) => {
  expect(breaksOf(path, specifier)).toEqual([`${path}: ${sentence}`])
})

test.each([
  ['packages/contract/src/a.ts', '@sallyport/kit/errors'],
  ['packages/cli/src/verbs/a.ts', '../main.ts'],
  ['packages/kit/src/a.ts', 'node:fs'],
  ['packages/kit/src/a.ts', 'zod/v4'],
  ['packages/kit/src/a.test.ts', 'vitest'],
  ['packages/kit/src/testing-a.ts', 'vitest'],
  ['packages/cli/src/a.ts', '@sallyport/gateway'],
  ['packages/kit/test/integration/a.test.ts', '@sallyport/kit/limits'],
])('lets %s import %s', (path, specifier) => {
  expect(breaksOf(path, specifier)).toEqual([])
})

test('finds imports, type imports, re-exports and literal import() calls', () => {
  const text = [
    "import { a } from './a.ts'",
    "import type { B } from './b.ts'",
    "export { c } from './c.ts'",
    "export * from './d.ts'",
    "const e = await import('./e.ts')",
    'const f = await import(name)',
    "import './g.ts'",
    '// import "./h.ts"',
  ].join('\n')
  expect(importsOf('x.ts', text).sort()).toEqual(
    ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './g.ts'].sort(),
  )
})

test('fails on a repository with one forbidden import and names the file', () => {
  const root = mkdtempSync(join(tmpdir(), 'layers-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'packages/kit/src'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{}')
  writeFileSync(join(root, 'packages/kit/package.json'), '{}')
  writeFileSync(join(root, 'packages/kit/src/a.ts'), "import '@sallyport/gateway'\n")
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'layers.ts'), root],
    { encoding: 'utf8' },
  )
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'packages/kit/src/a.ts: kit may not import gateway\n',
  })
})
