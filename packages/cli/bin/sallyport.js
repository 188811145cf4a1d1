#!/usr/bin/env node
// Plain JavaScript for old Node versions too: it must be able to say which Node is needed.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
const here = (path) => new URL(path, import.meta.url)
const inCheckout = existsSync(here('../src/main.ts'))

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  await enableCompileCache()
  await import(here(inCheckout ? '../src/main.ts' : '../dist/main.js').href)
} else if (inCheckout) {
  const { runUnderNode24, giveUp } = await import(here('../../../scripts/node.mjs').href)
  await runUnderNode24(fileURLToPath(import.meta.url), process.argv.slice(2)).catch(giveUp)
} else {
  process.stderr.write(
    `sallyport needs Node ${NODE_MAJOR_MIN} or newer, and this is Node ${process.versions.node}\n`,
  )
  process.exitCode = 2
}

/** Keeps compiled code in the user's own cache folder: the default is a shared one. */
async function enableCompileCache() {
  const { enableCompileCache: enable } = await import('node:module')
  const { homedir } = await import('node:os')
  const { join } = await import('node:path')
  if (process.env.NODE_COMPILE_CACHE) return
  enable(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sallyport', 'compile'))
}
