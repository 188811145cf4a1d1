import type { Claim } from './claim.ts'

const TASK = 'Design, "State" and "The admin API"'
const SSRF =
  'MCP, Security Best Practices, "Server-Side Request Forgery"; IANA special-purpose registries'
const SPAWN = 'MCP, Security Best Practices, "Local MCP Server Compromise"'

/** What is promised about servers, groups and endpoints that are added while the gateway runs. */
export const ENTRIES = {
  'entries/kept': {
    behavior:
      'A server, group or endpoint added over the admin API is in force at once and after every restart and reload.',
    source: TASK,
  },
  'entries/whole': {
    behavior:
      'A change over the admin API is judged with the whole configuration by the rules of the file; one that is refused changes nothing and is not kept.',
    source: TASK,
  },
  'entries/file-first': {
    behavior:
      'What the file defines goes before what was added under the same name, and cannot be changed over the admin API.',
    source: TASK,
  },
  'entries/left-out': {
    behavior:
      'What was added and fits the configuration no more is left out with a warning that names it; the start goes on, and it is in force again once it fits.',
    source: TASK,
  },
  'entries/versions': {
    behavior:
      'A change or removal must name the version it is based on: without one it is refused with 428, with an older one with 412.',
    source: 'RFC 9110 §13.1.1; RFC 6585 §3',
  },
  'entries/secrets': {
    behavior:
      'Secrets of a server added over the admin API are stored sealed and never given back; a change may leave them out, and keeps them only while program and address stay the same.',
    source: TASK,
  },
  'entries/references': {
    behavior:
      'What is added over the admin API can refer to no variable, file or folder of the machine.',
    source: TASK,
  },
  'entries/commands': {
    behavior:
      'A program is started for a server added over the admin API only if the file allows exactly it, its arguments one by one and its variables: when it is added or changed, with every configuration, and at each start.',
    source: SPAWN,
  },
  'entries/addresses': {
    behavior:
      'A server added over the admin API is reached only at addresses of the public internet or of networks that the file allows, however the address is written.',
    source: SSRF,
  },
  'entries/rebinding': {
    behavior:
      'Every address that the name of an added server has is judged at each connection, and the connection goes to those addresses: a name that answers otherwise later gains nothing.',
    source: SSRF,
  },
  'entries/direct': {
    behavior:
      'Toward a server added over the admin API no redirect is followed, no other origin is spoken to and no proxy is used.',
    source: SSRF,
  },
  'entries/others': {
    behavior:
      'What is added, changed or removed at one gateway counts at all others on the same store within a second.',
    source: TASK,
  },
  'entries/killed': {
    behavior:
      'A gateway that is killed while something is added has it wholly or not at all after the next start.',
    source: TASK,
  },
  'entries/calls': {
    behavior: 'Adding, changing and removing other servers fails no call.',
    source: TASK,
  },
  'entries/log': {
    behavior: 'Each change over the admin API is a line of the log with who made it.',
    source: TASK,
  },
} as const satisfies Readonly<Record<string, Claim>>
