import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../run.ts'
import { FakeTerminal } from '../terminal.ts'

const VALID = 'hangar/configuration/valid'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-check-'))
  await writeFile(join(folder, 'sallyport.yaml'), 'mcpServers: {}\n')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function check(
  ...args: string[]
): Promise<{ readonly code: number; readonly printed: string; readonly noted: string }> {
  const terminal = new FakeTerminal()
  const environment = { HOME: folder, PATH: process.env['PATH'] }
  const context = {
    terminal,
    environment,
    cwd: folder,
    clock: systemClock,
    readStdin: async () => '',
  }
  const code = await run(context, ['check', ...args])
  return { code, printed: terminal.printed.join('\n'), noted: terminal.noted.join('\n') }
}

test.each([
  ['several forms', ['--json', '--html'], 'cannot be used with'],
  ['several forms', ['--junit', '--sarif'], 'cannot be used with'],
  ['a form that cannot be watched', ['--watch', '--html'], 'cannot be used with'],
  ['one item and watching', ['--watch', '--explain', VALID], 'cannot be used with'],
  ['one item and some', ['--explain', VALID, '--only', VALID], 'cannot be used with'],
  ['to watch all the time', ['--watch', '--every', '1s'], '--every takes a duration'],
  ['an unknown phase', ['--phase', 'later'], 'Allowed choices are before, day'],
  ['an unknown profile', ['--profile', 'cloud'], 'Allowed choices are local, compose'],
  ['an unknown item', ['--only', 'no/such/thing'], 'no item and no answer is named so'],
  ['a misspelt item', ['--explain', 'hangar/configuration/vaild'], 'did you mean'],
  ['no folder', ['--against', 'no/such/folder'], 'the folder of another deployment'],
  ['no configuration', ['--config', 'none.yaml'], 'there is no '],
])('%s: %j is refused [check/command/forms] [check/command/only]', async (_case, args, why) => {
  const { code, printed, noted } = await check(...args)
  expect({ code, printed }).toEqual({ code: 2, printed: '' })
  expect(noted).toContain(why)
})

test('without a gateway what can be read is judged, and the run says what it lacks [check/command/exit-code]', async () => {
  const { code, printed, noted } = await check('--only', VALID)
  expect(code).toBe(0)
  expect(printed).toContain('✓ passed: all 1 item is proved, attested or not applicable')
  expect(noted).toContain('this one is not kept: there is no store yet')
})

test.each([
  ['--junit', '<?xml version="1.0"'],
  ['--sarif', '"version": "2.1.0"'],
  ['--html', '<!doctype html>'],
  ['--json', '"format":1'],
])('with %s the report is printed in that form [check/command/forms]', async (form, part) => {
  const { code, printed } = await check('--only', VALID, form)
  expect(code).toBe(0)
  expect(printed).toContain(part)
})
