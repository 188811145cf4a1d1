/**
 * Preloaded into the gateway under test (`--import`): SIGUSR2 collects its garbage and writes what is left,
 * so that growth is told apart from what was merely not collected yet.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const file = process.env.CHAOS_MEMORY_FILE

process.on('SIGUSR2', async () => {
  // What one collection frees lets another free more; buffers follow the objects that held them.
  for (let round = 0; round < 4; round += 1) {
    // The last resort also gives back the pages that V8 keeps for the next time.
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await sleep(30)
  }
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage()
  const resources = Object.groupBy(process.getActiveResourcesInfo(), (name) => name)
  const counts = Object.entries(resources).map(([name, all]) => [name, all.length])
  const memory = { rss, heapTotal, heapUsed, external, arrayBuffers }
  const found = { at: Date.now(), ...memory, resources: Object.fromEntries(counts) }
  writeFileSync(`${file}.new`, JSON.stringify(found))
  renameSync(`${file}.new`, file)
})
