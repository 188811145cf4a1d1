import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadGatewayConfig } from '@sallyport/gateway/config'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

test.each(['README.md', 'packages/cli/README.md'])(
  'the configuration in %s passes the check [config/samples]',
  (document) => {
    const folder = mkdtempSync(join(tmpdir(), 'readme-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const text = readFileSync(join(ROOT, document), 'utf8')
    const [block] = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml)
    const file = join(folder, 'sallyport.yaml')
    writeFileSync(file, block ?? 'there is none')
    const source = { kind: 'file', file } as const
    const { ok, problems } = loadGatewayConfig({ source, env: { SEARCH_TOKEN: 't' }, cwd: folder })
    expect([ok, problems]).toEqual([true, []])
  },
)

test('the README has at most 150 lines', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(151)
})
