import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommands } from './command-outputs.ts'

const node = `"${process.execPath}"`

async function outcome(command: string, timeoutMs = 10_000): Promise<string> {
  const options = { cwd: process.cwd(), env: { PATH: process.env['PATH'], SEEN: 'from-env' } }
  const outputs = await runCommands([command], { ...options, timeoutMs })
  const output = outputs.get(command)
  return output === undefined ? 'nothing' : 'text' in output ? output.text : output.message
}

test.each([
  [`${node} -e "console.log('a b')"`, 'a b'],
  [`${node} -p process.env.SEEN`, 'from-env'],
  [`${node} -p 'process.argv.length' x "" 'y z'`, '4'],
  [`${node} -p "process.argv.slice(1).join('-')" $HOME * ;`, '$HOME-*-;'],
])('%s gives what it prints, and no shell reads it [config/references]', async (command, text) => {
  expect(await outcome(command)).toBe(text)
})

test.each([
  ['', 'the command is no command'],
  ['echo "a', 'the command is no command'],
  [`x ${'a '.repeat(70)}`, 'the command is no command'],
  ['/no/such/program', 'the command cannot be run (ENOENT)'],
  [`${node} -e "console.log('hunter2');process.exit(3)"`, 'the command ended with status 3'],
  [`${node} -e "process.kill(process.pid,'SIGTERM')"`, 'the command ended with signal SIGTERM'],
  [`${node} -e 0`, 'the command printed nothing'],
  [`${node} -p "'x'.repeat(65_537)"`, 'the command printed more than 65536 bytes'],
])(
  '%s is refused in words that hold nothing of its output [config/references]',
  async (command, message) => {
    expect(await outcome(command)).toBe(message)
  },
)

test('a command that hangs is ended in time, with what it started [config/references]', async () => {
  const mark = `sallyport-hang-${process.pid}`
  const inner = `setInterval(()=>{},1e3)//${mark}`
  const start = `require('child_process').spawn(process.execPath,['-e',process.argv[1]],{stdio:'ignore'});setInterval(()=>{},1e3)`
  const command = `${node} -e "${start}" "${inner}"`
  expect(await outcome(command, 500)).toBe('the command took longer than 500 ms')
  await expect.poll(() => running(mark)).toEqual([])
})

/** Processes whose command line holds the mark. */
function running(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark)
    } catch {
      return false // it has ended
    }
  })
}
