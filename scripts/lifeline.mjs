/**
 * Preloaded by scripts/node.mjs into the Node 24 it starts: when the launcher is gone without having said
 * so (`kill -9`), the program ends the same way, so that the two are one process to whoever started them.
 */
import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

// The variable names the launcher: a grandchild that inherits our arguments must not touch its own fd 3.
if (isMainThread && process.env.SALLYPORT_LIFELINE === String(process.ppid)) {
  delete process.env.SALLYPORT_LIFELINE
  const line = new Socket({ fd: 3, readable: true, writable: false })
  const end = () => process.kill(process.pid, 'SIGKILL')
  line.on('end', end).on('error', end)
  line.resume()
  line.unref()
}
