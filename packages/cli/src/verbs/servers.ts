import type { ServerItem } from '@sallyport/contract/admin'
import { printable } from '@sallyport/kit/log'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'
import { formatTable } from '../table.ts'

const REASON_CHARACTERS_MAX = 200

/** `servers`: the servers of the running gateway, one line each. */
export async function listServers(
  context: Context,
  options: { readonly config?: string; readonly json?: boolean },
): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.listServers()
  context.terminal.print(options.json ? JSON.stringify(list) : formatServers(list.items))
  return EXIT.ok
}

function formatServers(servers: readonly ServerItem[]): string {
  return formatTable(
    ['name', 'kind', 'state', 'pid', 'era', 'tools', 'in flight', 'reason'],
    servers.map((server) => [
      server.name,
      server.kind,
      server.state,
      String(server.pid ?? '-'),
      server.era ?? '-',
      String(server.tools ?? '-'),
      String(server.inFlight),
      printable(server.reason ?? '', REASON_CHARACTERS_MAX),
    ]),
  )
}
