/** `npm run conformance`: the official suite with and without the gateway, installed on first use. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { endWithNpm, giveUp, node24, runChild } from './node.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

async function main() {
  const folder = join(ROOT, 'conformance')
  await ensureInstalled(ROOT, 'the packages of this repository')
  await ensureInstalled(folder, 'the conformance suite')
  const node = await node24()
  endWithNpm()
  process.exitCode = await runChild(node, join(folder, 'run.ts'), process.argv.slice(2))
}

main().catch(giveUp)
