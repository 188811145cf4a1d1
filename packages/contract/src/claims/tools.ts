import type { ClaimsOf } from './claim.ts'

/** The tools that clients see, and where their names lead. */
export const TOOLS = {
  'tools/name': {
    behavior:
      'A tool is `<server>__<tool>`, split at the first `__`, and each name leads to its own server.',
    source: 'design §3, "Names"; Hangar scenario 12',
  },
  'tools/name/long': {
    behavior:
      'A public name of more than 64 characters is carried, and warned of once, unless `names: short` cuts it.',
    source: 'design §3, "Names"',
  },
  'tools/name/short': {
    behavior:
      'With `names: short` a name over 64 characters is cut and ends in 6 digits of its hash, stays unique and leads to its tool.',
    source: 'design §3, "Names"; rule I1',
  },
  'tools/same-names': {
    behavior: 'One tool name on several servers: all are listed and none is dropped.',
    source: 'Hangar scenario 12',
  },
  'tools/one-server': {
    behavior: 'Under `/servers/<name>/mcp` a server has its own unprefixed names, and only those.',
    source: 'Design, "Client side"',
  },
  'tools/unknown': {
    behavior: 'A name that leads nowhere is -32602, and no server is asked.',
    source: 'design §2, "Errors on the wire"; MCP, Tools, "Error Handling"',
  },
  'tools/list/order': {
    behavior: 'The list is in the order of its names, whichever server was read first.',
    source: 'Design, "Client side"; MCP 2026-07-28, "Tools"',
  },
  'tools/list/pages': {
    behavior: 'Pages hold every tool once, in order, and the last one says so.',
    source: 'Design, "Client side"; MCP, "Pagination"',
  },
  'tools/list/cursor': {
    behavior: 'A cursor that was changed, or that belongs to another caller or address, is -32602.',
    source: 'design §2, "Errors on the wire"; MCP, "Pagination"',
  },
  'tools/list/stored': {
    behavior: 'A restarted gateway lists from its store without starting a server.',
    source: 'design §4 and §5',
  },
  'tools/list/never-seen': {
    behavior:
      'Servers never seen are started together by the first list, and every list that arrives meanwhile waits.',
    source: 'design §5',
  },
  'tools/list/patience': {
    behavior: 'A list waits 5 s at most for servers never seen, and then says what became of each.',
    source: 'design §5',
  },
  'tools/list/not-started': {
    behavior: 'A server that cannot start does not fail the list of the others.',
    source: 'design §5',
  },
  'tools/list/never-empty': {
    behavior:
      'A list that comes back empty where it was not keeps its tools and counts as degraded.',
    source: 'design §5',
  },
  'tools/list/cache-hints': {
    behavior: 'A modern list carries cache hints, private to its caller; a legacy one does not.',
    source: 'MCP 2026-07-28, "Caching"; design §6',
  },
  'tools/list/changed': {
    behavior:
      'Clients hear of a changed list when its entries changed or its server says that they did, and only then.',
    source: 'Design, "Client side"; MCP, Tools, "List Changed Notification"',
  },
  'tools/list/bytes': {
    behavior: 'A tool’s description is carried byte for byte, with only its name changed.',
    source: 'design §2',
  },
  'tools/list/bad-header-declaration': {
    behavior:
      'A tool with an invalid `x-mcp-header` is left out for modern clients, and the rest is kept.',
    source: 'rule B8; MCP 2026-07-28, Streamable HTTP, "Custom headers from tool parameters"',
  },
  'tools/pins': {
    behavior: 'What the operator pins about a tool replaces the hints of its server.',
    source: 'design §3',
  },
  'tools/hints-untrusted': {
    behavior: 'A server’s hints count for nothing unless `trustAnnotations` says so.',
    source: 'design §5; MCP, Tools, "Tool annotations"',
  },
} as const satisfies ClaimsOf<'tools'>
