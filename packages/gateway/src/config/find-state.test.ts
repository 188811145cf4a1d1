import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findState } from './find-state.ts'
import { loadGatewayConfig } from './load-gateway-config.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'sallyport-'))
const FILE = join(FOLDER, 'sallyport.yaml')
const SOURCE = { kind: 'file', file: FILE } as const
const ENV = { HOME: FOLDER }
afterAll(() => rmSync(FOLDER, { recursive: true }))

test.each([
  ['mcpServers: {}\n', ''],
  ['store: sqlite:./data/a.db\n', ''],
  ['store: sqlite:/var/lib/a.db\n', ''],
  ['store: postgres://gateway@db/x\n', ''],
  ['store: sqlite:./data/a.db\n', 'store: sqlite:./over.db\n'],
  ['environment: local\n', 'store: sqlite:./over.db\n'],
])(
  'finds the state of %j under %j where the whole load finds it, also once the file is broken',
  (text, over) => {
    writeFileSync(join(FOLDER, 'sallyport.local.yaml'), over)
    writeFileSync(FILE, `masterKey: ${'ab'.repeat(32)}\n${text}`)
    const loaded = loadGatewayConfig({ source: SOURCE, env: ENV, cwd: FOLDER })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const { config, stateFolder } = loaded
    const expected = { config: { store: config.store }, stateFolder }
    expect(findState(SOURCE, ENV)).toEqual(expected)
    for (const broken of [`${text}listn: 1\n`, `${text}listen: {\n`]) {
      writeFileSync(FILE, broken)
      expect(findState(SOURCE, ENV)).toEqual(expected)
    }
  },
)

test('finds nothing for servers of the environment', () => {
  expect(findState({ kind: 'instances' }, ENV)).toBeUndefined()
})
