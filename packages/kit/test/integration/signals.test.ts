import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../fixtures/stop-on-signal.ts', import.meta.url))

function start(drainMs: number) {
  const child = spawn(process.execPath, [PROGRAM, String(drainMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  const said = async (wanted: string): Promise<void> => {
    while (!lines.includes(wanted)) await once(reader, 'line')
  }
  return { child, exited, lines, said }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s drains and ends with 0 [command/signal/drains]',
  async (signal) => {
    const program = start(50)
    await program.said('running')
    program.child.kill(signal)
    expect(await program.exited).toEqual([0, null])
    expect(program.lines).toEqual(['running', 'draining', 'drained'])
  },
)

test('a signal delivered twice drains once [command/signal/drains]', async () => {
  const program = start(200)
  await program.said('running')
  program.child.kill('SIGINT')
  await program.said('draining')
  program.child.kill('SIGINT')
  expect(await program.exited).toEqual([0, null])
})

test('a signal repeated more than a second later forces the end with its code [command/signal/forces]', async () => {
  const program = start(60_000)
  await program.said('running')
  program.child.kill('SIGINT')
  await program.said('draining')
  // Asks again until it counts: only a signal later than a second does.
  const asking = setInterval(() => program.child.kill('SIGTERM'), 100)
  const began = performance.now()
  expect(await program.exited).toEqual([143, null])
  clearInterval(asking)
  expect(performance.now() - began).toBeGreaterThan(800)
})
