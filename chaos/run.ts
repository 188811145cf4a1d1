/** `npm run chaos`: see README.md. Ends with 1 when a call, a process or a bound was lost. */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'
import { printChaos } from './print.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    form: { type: 'string', multiple: true },
    fault: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
})
const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => controller.abort())
}
const report = await runChaos({
  signal: controller.signal,
  calls: Number(values.calls),
  forms: values.form,
  faults: values.fault,
  bothEras: values.all,
  onCell: (line) => process.stderr.write(`${line}\n`),
})
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : printChaos(report))
process.exitCode = report.problems.length === 0 ? 0 : 1
