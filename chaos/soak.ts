/** `npm run soak`: see README.md. Ends with 1 when a bound was broken. */
import { parseArgs } from 'node:util'
import { soakChildren } from './soak/children.ts'
import type { PartOptions, PartReport } from './soak/part.ts'
import { soakReloads } from './soak/reloads.ts'
import { soakSessions } from './soak/sessions.ts'
import { soakSteady } from './soak/steady-part.ts'

const PARTS: Readonly<Record<string, (options: PartOptions) => Promise<PartReport>>> = {
  sessions: soakSessions,
  children: soakChildren,
  reloads: soakReloads,
  steady: soakSteady,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    scale: { type: 'string', default: '1' },
  },
})
const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => controller.abort())
}
const options: PartOptions = {
  scale: Number(values.scale),
  judgesMemory: Number(values.scale) >= 1,
  signal: controller.signal,
  onProgress: (line) => process.stderr.write(`${line}\n`),
}
for (const [name, run] of Object.entries(PARTS)) {
  if (values.only?.includes(name) === false || controller.signal.aborted) continue
  const { lines, problems } = await run(options)
  const verdict =
    problems.length === 0 ? ['no problems'] : problems.map((each) => `PROBLEM ${each}`)
  process.stdout.write(`${name}\n${[...lines, ...verdict].map((line) => `  ${line}\n`).join('')}`)
  if (problems.length > 0) process.exitCode = 1
}
