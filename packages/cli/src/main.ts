import { systemClock } from '@sallyport/kit/clock'
import { run } from './run.ts'
import { readStdin } from './stdin.ts'
import { openTerminal } from './terminal.ts'

process.exitCode = await run(
  {
    terminal: openTerminal(process),
    environment: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    readStdin,
  },
  process.argv.slice(2),
)
