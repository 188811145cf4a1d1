/** `npm run conformance`: see README.md. Ends with 1 on any difference and on any failure. */
import { parseArgs } from 'node:util'
import { printConformance, runConformance } from './conformance.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const report = await runConformance({ only: values.only })
if (report.sameEra.length + report.acrossEras.length + report.client.length === 0) {
  process.stderr.write(
    `no scenario is called ${values.only}: leave --only out to see their names\n`,
  )
} else {
  process.stdout.write(
    values.json ? `${JSON.stringify(report, null, 2)}\n` : printConformance(report),
  )
}
process.exitCode = report.ok ? 0 : 1
