import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'
import { createLog, parseLogLevel, parseLogOptions } from './create-log.ts'
import { hasControls } from './printable.ts'

function collect(json: boolean, level: 'debug' | 'info' = 'info', colour = false) {
  const lines: string[] = []
  const log = createLog({ level, json, colour, destination: { write: (text) => lines.push(text) } })
  return { log, lines }
}

function fieldsOf(lines: string[]): Record<string, unknown> {
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

test('never writes a credential, whatever it is called and wherever it hides [observe/log/secrets]', () => {
  const { log, lines } = collect(true, 'debug')
  const cause = new Error('connect postgres://ann:hunter2hunter2@db/x failed')
  log.child({ password: 'hunter2hunter2' }).info(
    {
      authorization: 'Bearer hunter2hunter2',
      headers: { 'X-API-Key': 'hunter2hunter2', 'set-cookie': ['hunter2hunter2'] },
      env: { SLACK_BOT_TOKEN: 'hunter2hunter2' },
      masterKey: new Secret('hunter2hunter2'),
      wrapped: { deep: [new Secret('hunter2hunter2')] },
      token: { value: 'hunter2hunter2' },
      text: 'sent Authorization: Bearer hunter2hunter2 and sp_abcdefgh_hunter2hunter2hunter2',
      err: new AppError('server_unauthorized', 'refused bearer hunter2hunter2', { cause }),
    },
    'request refused',
  )
  expect(lines.join('')).not.toContain('hunter2')
  expect(lines.join('')).toContain('[redacted]')
})

test('keeps counts and ids whose names only resemble credentials', () => {
  const { log, lines } = collect(true)
  log.info({ keyId: 'abcdefgh', tokens: 3, keyPath: '/a' }, 'keys loaded')
  expect(fieldsOf(lines)).toMatchObject({
    keyId: 'abcdefgh',
    tokens: 3,
    keyPath: '/a',
  })
})

test('describes an error with its code and every cause', () => {
  const { log, lines } = collect(true)
  const refused = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })
  const err = new AppError('server_lost', 'the server went away', {
    cause: new Error('write failed', { cause: refused }),
    details: { server: 'files' },
  })
  log.error({ err }, 'call failed')
  const line = fieldsOf(lines)
  expect(line).toMatchObject({ level: 'error', msg: 'call failed' })
  expect(line['err']).toMatchObject({
    type: 'AppError',
    code: 'server_lost',
    details: { server: 'files' },
    cause: { message: 'write failed', cause: { code: 'ECONNREFUSED' } },
  })
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
})

function failure(): AppError {
  const refused = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })
  const cause = new AppError('server_lost', 'the server went away', { cause: refused })
  return new AppError('server_start_failed', 'no start', { cause, details: { server: 'files' } })
}

test('an expected failure is one line without stacks [observe/log/failures]', () => {
  const json = collect(true)
  json.log.warn({ err: failure() }, 'server start failed')
  expect(json.lines.join('')).not.toContain('"stack"')
  const human = collect(false)
  human.log.warn({ name: 'x', err: failure() }, 'server start failed')
  expect(human.lines.join('')).toMatch(/^[^\n]*\n$/)
  expect(human.lines.join('')).toContain(
    'server_start_failed: no start (server files) <- server_lost: the server went away <- ECONNREFUSED: connect refused',
  )
})

test.each([true, false])(
  'a defect keeps its stacks, and at level debug every error does (json %s) [observe/log/failures]',
  (json) => {
    const defect = collect(json)
    defect.log.error({ err: AppError.from(new TypeError('bug')) }, 'call failed')
    expect(defect.lines.join('')).toMatch(/TypeError: bug.*create-log\.test\.ts/s)
    const debug = collect(json, 'debug')
    debug.log.warn({ err: failure() }, 'server start failed')
    expect(debug.lines.join('').match(/create-log\.test\.ts/g)?.length).toBeGreaterThan(2)
  },
)

test('follows five causes and no further', () => {
  const { log, lines } = collect(true)
  let err = new Error('root')
  for (let n = 0; n < 10; n += 1) err = new Error(`wrap ${n}`, { cause: err })
  log.error({ err }, 'call failed')
  expect(lines.join('')).toContain('wrap 4')
  expect(lines.join('')).not.toContain('wrap 3"')
})

test('survives a cause that points back at itself and an object without end', () => {
  const { log, lines } = collect(true)
  const err = new Error('round')
  err.cause = err
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  log.error({ err, loop }, 'call failed')
  expect(fieldsOf(lines)['msg']).toBe('call failed')
})

test.each([true, false])(
  'lets no control character of a server through (json %s) [observe/log/control-characters]',
  (json) => {
    const { log, lines } = collect(json)
    const nasty = 'a\u001b[31mred\u009b2J\u202eevil\nINFO: forged\r\u0007'
    log.warn({ text: nasty, [`k${nasty}`]: 1, err: new Error(nasty) }, 'server spoke')
    const shown = lines.join('').replaceAll('\n', '')
    expect(hasControls(shown)).toBe(false)
    if (!json) expect(lines.join('')).not.toMatch(/^INFO: forged/m)
  },
)

test('writes lines for people without colour unless asked', () => {
  const plain = collect(false)
  plain.log.info({ server: 'files' }, 'server started')
  expect(plain.lines.join('')).toMatch(
    /^\[\d{4}-.*Z\] INFO: server started \{"server":"files"\}\n$/,
  )
  const coloured = collect(false, 'info', true)
  coloured.log.info({}, 'server started')
  expect(coloured.lines.join('')).toContain('\u001b[')
})

test('drops what is below its level', () => {
  const { log, lines } = collect(true)
  log.debug({}, 'detail')
  expect(lines).toEqual([])
})

test.each(['verbose', 'info ', '3'])(
  'refuses the level %j by name [observe/log/settings]',
  (value) => {
    expect(() => parseLogLevel(value)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('MCP_LOG_LEVEL') }),
    )
  },
)

test('reads its settings from the environment [observe/log/settings]', () => {
  const terminal = { write: () => true, isTTY: true }
  expect(parseLogOptions({}, terminal)).toMatchObject({ level: 'info', json: false, colour: true })
  expect(parseLogOptions({ NO_COLOR: '1' }, terminal).colour).toBe(false)
  expect(parseLogOptions({}, { write: () => true }).colour).toBe(false)
  expect(
    parseLogOptions({ MCP_JSON_LOGS: 'TRUE', MCP_LOG_LEVEL: 'Debug' }, terminal),
  ).toMatchObject({ json: true, level: 'debug' })
  expect(() => parseLogOptions({ MCP_JSON_LOGS: 'yes' }, terminal)).toThrow('MCP_JSON_LOGS')
})
