import type { ServerResponse } from 'node:http'

/** Writes, and resolves once there is room for more or nobody reads. */
export function roomFor(response: ServerResponse, bytes: string | Buffer): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  const room = response.write(bytes)
  return new Promise<void>((resolve) => {
    if (room) {
      setImmediate(resolve)
      return
    }
    const done = (): void => {
      response.removeListener('drain', done)
      response.removeListener('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
