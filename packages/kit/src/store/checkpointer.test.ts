import { expect, test, vi } from 'vitest'
import { silentLog } from '../log/log.ts'
import { Checkpointer } from './checkpointer.ts'

/** Fails twice, then works. */
const WORKER = `
  import { parentPort } from 'node:worker_threads'
  let asked = 0
  parentPort.on('message', () => {
    asked += 1
    parentPort.postMessage(asked <= 2 ? { failed: 'disk I/O error' } : {})
  })`

test('a checkpoint that fails is tried again by the same worker, and said once [store/faults/io]', async () => {
  const logged: string[] = []
  let lost = 0
  const workerUrl = new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`)
  const log = {
    ...silentLog,
    warn: (_fields: object, message: string) => void logged.push(message),
    info: (_fields: object, message: string) => void logged.push(message),
  }
  await using checkpoints = new Checkpointer({ path: 'none', workerUrl }, log, () => (lost += 1))
  await vi.waitFor(
    () => {
      checkpoints.written(1_000)
      expect(logged).toEqual(['the store cannot be checkpointed', 'store checkpointed again'])
    },
    { timeout: 5_000, interval: 20 },
  )
  expect(lost).toBe(0)
})
