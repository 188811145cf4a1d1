/** A cell of the matrix that cannot exist, and why. */
export interface Exception {
  readonly feature: string
  /** Clients and servers it holds for; all where there are none. */
  readonly clients?: readonly string[]
  readonly servers?: readonly string[]
  readonly reason: string
}

const LEGACY_CLIENTS = ['v1', 'v2-legacy']
const MODERN_SERVERS = ['v2-dual', 'modern']
const LEGACY_SERVERS = ['v1-stdio', 'v1-http', 'sse']

/** Every `no` of the table. A cell named here that works after all fails the test. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    feature: 'tasks',
    clients: LEGACY_CLIENTS,
    reason:
      'The tasks extension belongs to revision 2026-07-28: a client of an older one could not take a task for an answer, so the server is not told that it knows them and answers at once.',
  },
  {
    feature: 'tasks',
    clients: ['v2-modern'],
    servers: LEGACY_SERVERS,
    reason: 'The tasks extension belongs to revision 2026-07-28, which this server does not speak.',
  },
  {
    feature: 'tasks-2025',
    clients: ['v2-modern'],
    reason: 'Revision 2026-07-28 removed these tasks: no request of this client can ask for one.',
  },
  {
    feature: 'tasks-2025',
    clients: LEGACY_CLIENTS,
    servers: MODERN_SERVERS,
    reason: 'Revision 2026-07-28, in which the gateway speaks to this server, removed these tasks.',
  },
]

/** Why a cell cannot exist; undefined when it must work. */
export function exceptionOf(
  feature: string,
  client: string,
  server: string,
): Exception | undefined {
  return EXCEPTIONS.find(
    (one) =>
      one.feature === feature &&
      (one.clients?.includes(client) ?? true) &&
      (one.servers?.includes(server) ?? true),
  )
}
