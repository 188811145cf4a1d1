import type { Claim } from './claim.ts'

const HANGAR = 'Published complaints about reloads of other gateways; design, "Upstreams"'
const DESIGN = 'Design, "Configuration" and "The command"'

/** What is promised about changing the configuration of a running gateway. */
export const RELOAD = {
  'reload/kept': {
    behavior:
      'A reload keeps the process, the sessions and the running calls of every server whose configuration is the same.',
    source: HANGAR,
  },
  'reload/drains': {
    behavior:
      'A server that a reload changes or removes finishes its running calls before it ends; new calls find the new one at once.',
    source: HANGAR,
  },
  'reload/causes': {
    behavior:
      'A changed file, SIGHUP without a terminal, and the admin API each have the configuration read again.',
    source: DESIGN,
  },
  'reload/broken': {
    behavior:
      'A file with an error changes nothing; the log and the API name its key, line, column and remedy.',
    source: DESIGN,
  },
  'reload/empty': {
    behavior:
      'A file that was emptied, or says nothing but its version, changes nothing: servers are removed by writing it.',
    source: 'Design, "Configuration": nothing is lost by bad input',
  },
  'reload/restart-keys': {
    behavior:
      'A file that changes what only a restart can change is refused whole, and every such key is named.',
    source: DESIGN,
  },
  'reload/atomic': {
    behavior:
      'At no instant of a reload can a tool be called that neither the configuration before nor the one after allows.',
    source: HANGAR,
  },
  'reload/lists': {
    behavior: 'Clients are told that lists changed when a reload changes what they would see.',
    source: 'MCP, "List changed notification"',
  },
  'reload/tokens': {
    behavior:
      'A token that a reload removes is refused from then on, and what it had open ends; one that it adds is accepted.',
    source: DESIGN,
  },
  'reload/open-listener': {
    behavior:
      'A reload that would leave a listener beyond loopback without authentication is refused.',
    source: 'Design, "Refusals"',
  },
  'reload/diff': {
    behavior:
      'The difference between the file and what is in force is shown value by value, and of a secret only that it differs.',
    source: DESIGN,
  },
  'reload/history': {
    behavior:
      'The last 50 configurations in force are kept, encrypted, with references in the place of secrets.',
    source: DESIGN,
  },
  'reload/rollback': {
    behavior:
      'A rollback brings an earlier configuration back into force, as a reload does, and leaves the file alone.',
    source: DESIGN,
  },
} as const satisfies Readonly<Record<string, Claim>>
