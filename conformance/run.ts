/** `npm run conformance`: the official suite with and without the gateway. Options in README.md. */
import { parseArgs } from 'node:util'
import { printSameEra } from './print.ts'
import { runSameEra } from './same-era.ts'
import { startWorld } from './world.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
})
await using world = await startWorld()
const sameEra = await runSameEra(world, values.only)
const ok = sameEra.length > 0 && sameEra.every((report) => report.ok)
process.stdout.write(
  values.json
    ? `${JSON.stringify({ ok, sameEra }, null, 2)}\n`
    : sameEra.map(printSameEra).join('\n'),
)
process.exitCode = ok ? 0 : 1
