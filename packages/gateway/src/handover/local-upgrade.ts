import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '@sallyport/kit/errors'
import { pathOf } from '@sallyport/kit/http'
import { createLineUpgrade, type LocalLinesDeps, refuseUpgrade } from '../local-lines.ts'
import { HANDOVER_PATH, HANDOVER_PROTOCOL } from './line.ts'
import type { OldSide } from './old-side.ts'

/** What the local socket speaks besides HTTP: lines of MCP, and the handover to a new gateway. */
export function createLocalUpgrade(
  lines: LocalLinesDeps,
  oldSide: OldSide,
): (req: IncomingMessage, socket: Duplex) => void {
  const upgradeToLines = createLineUpgrade(lines)
  return (req, socket) => {
    const wanted = req.headers.upgrade === HANDOVER_PROTOCOL && req.method === 'GET'
    if (!wanted || pathOf(req.url ?? '') !== HANDOVER_PATH) return upgradeToLines(req, socket)
    socket.on('error', () => socket.destroy())
    try {
      oldSide.accept(req, socket)
    } catch (thrown) {
      refuseUpgrade(socket, AppError.from(thrown))
    }
  }
}
