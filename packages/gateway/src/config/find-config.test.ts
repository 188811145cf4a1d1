import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findConfig } from './find-config.ts'
import { TestingFolder } from './testing-folder.ts'

test('the flag goes before the variables, those before the file here, that before INSTANCES [config/search]', () => {
  using folder = new TestingFolder()
  const cwd = folder.path
  const env: Record<string, string> = {}
  const found = (): unknown => findConfig({ env, cwd })
  expect(found()).toEqual({ kind: 'none', file: join(cwd, 'sallyport.yaml') })
  env['INSTANCES'] = ''
  expect(found()).toEqual({ kind: 'instances' })
  const here = folder.write('sallyport.yaml', '')
  expect(found()).toEqual({ kind: 'file', file: here })
  env['MCP_CONFIG'] = 'alias.yaml'
  expect(found()).toEqual({ kind: 'file', file: join(cwd, 'alias.yaml') })
  env['SALLYPORT_CONFIG'] = 'named.yaml'
  expect(found()).toEqual({ kind: 'file', file: join(cwd, 'named.yaml') })
  expect(findConfig({ flag: '/f.yaml', env, cwd })).toEqual({ kind: 'file', file: '/f.yaml' })
})

test('empty variables name no file', () => {
  using folder = new TestingFolder()
  const env = { SALLYPORT_CONFIG: '', MCP_CONFIG: '', MCP_AUTH_TOKEN: '' }
  expect(findConfig({ flag: '', env, cwd: folder.path }).kind).toBe('none')
})

test('a token for INSTANCES without the list is no first run', () => {
  using folder = new TestingFolder()
  const env = { MCP_AUTH_TOKEN: 'anything' }
  expect(findConfig({ env, cwd: folder.path })).toEqual({ kind: 'instances' })
})
