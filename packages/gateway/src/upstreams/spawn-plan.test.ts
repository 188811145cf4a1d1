import { expect, test } from 'vitest'
import { planSpawn, type SpawnWorld } from './spawn-plan.ts'

const ARGS = ['-y', 'a b', '$(reboot)', '"; & calc', '%PATH%']

function windows(...files: string[]): SpawnWorld {
  const environment = { Path: 'C:\\tools;C:\\node', PATHEXT: '.EXE;.CMD', ComSpec: 'C:\\cmd.exe' }
  return { platform: 'win32', environment, exists: (file) => files.includes(file) }
}

test('arguments are a vector, whatever they contain [upstreams/no-shell]', () => {
  const world = { platform: 'linux', environment: {}, exists: () => false } as const
  expect(planSpawn('npx', ARGS, world)).toEqual({ file: 'npx', args: ARGS, verbatim: false })
})

test('a Windows program is started directly', () => {
  const world = windows('C:\\node\\npx.EXE', 'C:\\node\\npx.CMD')
  expect(planSpawn('npx', ARGS, world)).toEqual({
    file: 'C:\\node\\npx.EXE',
    args: ARGS,
    verbatim: false,
  })
})

test('a Windows batch file goes through cmd.exe with nothing left for it to act on', () => {
  const plan = planSpawn('npx', ARGS, windows('C:\\node\\npx.CMD'))
  expect(plan).toMatchObject({ file: 'C:\\cmd.exe', verbatim: true })
  expect(plan.args.slice(0, 3)).toEqual(['/d', '/s', '/c'])
  const line = plan.args[3] ?? ''
  expect(line.startsWith('"C:\\node\\npx.CMD ')).toBe(true)
  // Every character cmd.exe acts on stands behind a caret, twice over.
  const unescaped = line
    .slice(1, -1)
    .replaceAll(/\^\^\^./g, '')
    .replaceAll(/\^./g, '')
  expect(unescaped).not.toMatch(/[&|<>()%"]/)
})

test('a Windows command that is nowhere is left to fail by its own name', () => {
  expect(planSpawn('nothing', [], windows())).toMatchObject({ file: 'nothing', verbatim: false })
})
