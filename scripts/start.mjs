/** `npm start`: the quickstart gateway from a fresh clone, with nothing but Node and npm on the machine. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { endWithNpm, giveUp, node24, runUnderNode24 } from './node.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const CONFIG = 'examples/quickstart/sallyport.yaml'

async function main() {
  process.chdir(ROOT)
  await ensureInstalled(ROOT, 'the packages of this repository')
  await node24()
  endWithNpm()
  const command = join(ROOT, 'packages/cli/bin/sallyport.js')
  await runUnderNode24(command, ['up', '--config', CONFIG, ...process.argv.slice(2)])
}

main().catch(giveUp)
