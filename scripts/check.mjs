/** `npm run check`: every static check, each also a script of its own, with one line of verdict. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { giveUp, node24, runChild } from './node.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** Name of the npm script, and what it runs under Node 24. */
const CHECKS = {
  typecheck: ['node_modules/typescript/bin/tsc', '-p', '.'],
  lint: ['node_modules/oxlint/bin/oxlint', '--deny-warnings'],
  'format:check': ['node_modules/oxfmt/bin/oxfmt', '--check', '.'],
  layers: ['scripts/layers.ts'],
  'codes:check': ['scripts/codes.ts'],
  claims: ['scripts/claims.ts'],
  'generate:check': ['scripts/generate.ts', '--check'],
}

async function main() {
  process.chdir(ROOT)
  await ensureInstalled(ROOT, 'the packages of this repository')
  const node = await node24()
  const asked = process.argv.slice(2)
  const unknown = asked.filter((name) => !CHECKS[name])
  if (unknown.length > 0)
    throw new Error(`there is no check ${unknown.join(', ')}: ${Object.keys(CHECKS).join(', ')}`)
  const failed = []
  for (const [name, [file, ...args]] of Object.entries(CHECKS)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    process.stdout.write(`${name}\n`)
    if ((await runChild(node, join(ROOT, file), args)) !== 0) failed.push(name)
  }
  process.stdout.write(
    failed.length > 0 ? `failed: ${failed.join(', ')}\n` : 'all static checks passed\n',
  )
  process.exitCode = failed.length > 0 ? 1 : 0
}

main().catch(giveUp)
