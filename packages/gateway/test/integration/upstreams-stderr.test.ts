import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import {
  callText,
  hostileServer,
  openTestUpstreams,
  principal,
  stdioServer,
  until,
} from '../fixtures/upstreams/harness.ts'

const SECRET = 'SuperSecretValue99182'
/** Tells its secret wherever it can, and refuses or dies. */
const TELLTALE = `
  const { TOKEN, ENDS } = process.env
  console.error(process.env)
  console.log('using ' + TOKEN)
  const error = { code: -32000, message: TOKEN + ' is no good' }
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line)
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, error }))
  })
  if (ENDS) setTimeout(() => process.exit(9), 100)
`
const GREEDY = fileURLToPath(new URL('../fixtures/upstreams/greedy-server.ts', import.meta.url))

test('what the children of a server wrote is told apart by process, and is there after their end [supervision/stderr/lines] [supervision/stderr/bounded]', async () => {
  await using test = await openTestUpstreams({ one: stdioServer([process.execPath, GREEDY]) })
  const before = Date.now()
  const pids: number[] = []
  for (const id of ['key:a', 'key:b']) {
    pids.push(Number(await callText(test.upstreams, ['one', 'shout'], {}, { as: principal(id) })))
  }
  const lines = () => test.upstreams.control.logs('one', 10)
  await until(() => lines().length === 2, 'both lines')
  expect(lines().map(({ pid, text }) => [pid, text])).toEqual(
    pids.map((pid) => [pid, 'first words']),
  )
  for (const { atMs } of lines()) {
    expect(atMs).toBeGreaterThanOrEqual(before)
    expect(atMs).toBeLessThanOrEqual(Date.now())
  }
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await until(() => test.status('one').pids.length === 0, 'both children are gone')
  expect(lines()).toHaveLength(2)
})

test('a server that floods its stderr slows no call to another one, and takes no more memory with time [supervision/stderr/flood]', async () => {
  await using test = await openTestUpstreams({
    loud: stdioServer([process.execPath, GREEDY]),
    calm: hostileServer(),
  })
  /** The time that nine of ten calls take at most, milliseconds. */
  const timed = async (): Promise<number> => {
    const times: number[] = []
    for (let n = 0; n < 300; n += 1) {
      const startMs = performance.now()
      await callText(test.upstreams, ['calm', 'echo'])
      times.push(performance.now() - startMs)
    }
    return times.toSorted((a, b) => a - b)[270] ?? 0
  }
  const quietMs = Math.max(await timed(), await timed())
  await callText(test.upstreams, ['loud', 'scream'])
  const logs = test.upstreams.control.logs.bind(test.upstreams.control)
  await until(() => logs('loud', 1_000).length > 0, 'its noise')
  const heldBefore = process.memoryUsage().external
  const loudMs = Math.min(await timed(), await timed())
  // Read as fast as it comes it would take ten times as long, and more.
  expect(loudMs).toBeLessThan(Math.max(4 * quietMs, 1.5))
  expect(process.memoryUsage().external - heldBefore).toBeLessThan(32 * 1_024 * 1_024)
})

test.each([{}, { ENDS: 'yes' }])(
  'what a child was given is nowhere to be read, whatever it writes and however its start fails: %j [supervision/stderr/secrets]',
  async (ends) => {
    const command = [process.execPath, '-e', TELLTALE]
    await using test = await openTestUpstreams({
      one: stdioServer(command, { TOKEN: SECRET, ...ends }),
    })
    const failure = await callText(test.upstreams, ['one', 'any']).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    const words = test.upstreams.control.logs('one', 1_000).map(({ text }) => text)
    expect(words.join(' ')).toContain(`TOKEN: '[redacted]'`)
    const told = inspect([failure, words, test.logged, test.status('one')], { depth: Infinity })
    expect(told).toContain('[redacted]')
    expect(told).toContain('using [redacted]')
    expect(told).not.toContain(SECRET)
  },
)

test('neither a secret among its arguments nor one within a longer value is to be read [supervision/stderr/secrets]', async () => {
  const script = `console.error(process.argv.at(-1), process.env.AUTH.slice(7)); process.exit(9)`
  const command = [process.execPath, '-e', script, '--', '--api-key', `${SECRET}-of-args`]
  await using test = await openTestUpstreams({
    one: stdioServer(command, { AUTH: `Bearer ${SECRET}` }),
  })
  const failure = await callText(test.upstreams, ['one', 'any']).catch((error: unknown) => error)
  const words = test.upstreams.control.logs('one', 1_000).map(({ text }) => text)
  expect(words).toContain('[redacted] [redacted]')
  const told = inspect([failure, words, test.logged], { depth: Infinity })
  expect(told).not.toContain(SECRET)
})
