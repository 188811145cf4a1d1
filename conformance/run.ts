/** `npm run conformance`: the official suite with and without the gateway. Options in README.md. */
import { parseArgs } from 'node:util'
import { runAcrossEras } from './across-eras.ts'
import { printAcrossEras, printSameEra } from './print.ts'
import { runSameEra } from './same-era.ts'
import { startWorld } from './world.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
})
await using world = await startWorld()
const sameEra = await runSameEra(world, values.only)
const acrossEras = await runAcrossEras(world, values.only)
const reports = [...sameEra, ...acrossEras]
const ok = reports.length > 0 && reports.every((report) => report.ok)
const text = [...sameEra.map(printSameEra), ...acrossEras.map(printAcrossEras)].join('\n')
process.stdout.write(
  values.json ? `${JSON.stringify({ ok, sameEra, acrossEras }, null, 2)}\n` : text,
)
process.exitCode = ok ? 0 : 1
