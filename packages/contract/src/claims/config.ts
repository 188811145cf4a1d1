import type { ClaimsOf } from './claim.ts'

/** The file, and what a start refuses. */
export const CONFIG = {
  'config/problems': {
    behavior:
      'Every problem of a file is reported at once, with file, line, column, path and remedy.',
    source: 'design §3; Hangar scenario 9',
  },
  'config/unknown-key': {
    behavior: 'An unknown key at any depth is an error that names the key that was meant.',
    source: 'design §3; Hangar scenario 9',
  },
  'config/out-of-bounds': {
    behavior: 'Every number has both bounds, and a value beyond them is refused.',
    source: 'design §6',
  },
  'config/without-effect': {
    behavior: 'A bound, time or choice that is written down and can have no effect is warned of.',
    source: 'Hangar scenario 9',
  },
  'config/complete': {
    behavior: 'An empty file is a complete configuration with the documented defaults.',
    source: 'design §6',
  },
  'config/units': {
    behavior: 'Durations, sizes and rates are read in their units, and anything else is refused.',
    source: 'design §3',
  },
  'config/overlay': {
    behavior:
      'A file for the environment is laid over: maps merge, lists and scalars replace, `null` removes.',
    source: 'design §3',
  },
  'config/references': {
    behavior:
      'References bring in variables, defaults, files, secrets of the platform and what commands print; one that brings in nothing is an error at its key.',
    source: 'design §3 and §7',
  },
  'config/dotenv': {
    behavior: 'A `.env` beside the file is read, and the process environment wins.',
    source: 'Hangar seed 15',
  },
  'config/secrets': {
    behavior: 'No value of a secret stands in a message or in a printed configuration.',
    source: 'design §3',
  },
  'config/search': {
    behavior:
      'The file is --config, else `SALLYPORT_CONFIG` or `MCP_CONFIG`, else ./sallyport.yaml, else `INSTANCES`.',
    source: 'design §3; Hangar 2.12',
  },
  'config/paths': {
    behavior:
      'Paths count from the folder of the file, and a file that names no store gets a folder of its own.',
    source: 'design §3',
  },
  'config/roots': {
    behavior:
      'A server is told of no roots, of those of its client, or of those listed; those of one client never in a session that is shared.',
    source: 'design §5',
  },
  'config/bombs': {
    behavior:
      'A file that is too large, nested too deeply or that multiplies itself is refused in bounded time.',
    source: 'rule A9',
  },
  'config/editor-schema': {
    behavior: 'The schema for editors takes references and refuses what the file refuses.',
    source: 'Design, "Configuration"',
  },
  'config/lookups': {
    behavior: 'A missing folder, program or certificate is found without starting anything.',
    source: 'design §3; Hangar scenario 9',
  },
  'config/tls-files': {
    behavior:
      'The check refuses files and texts without a certificate or private key, damaged or locked ones, and a key that is not of its certificate.',
    source: 'design §3; docs/config.md',
  },
  'config/no-effect': {
    behavior:
      'TLS settings that an address in the clear would never use are refused, and a root on another machine is warned of.',
    source: 'design §3; RFC 8089 §2',
  },
  'config/samples': {
    behavior: 'The shipped example, the starter file and the files in the READMEs pass the check.',
    source: 'Hangar scenario 9',
  },
  'config/client-file': {
    behavior: 'A client’s own file works as it is: Claude Code, Claude Desktop and VS Code.',
    source: 'design §3',
  },
  'config/instances': {
    behavior:
      '`INSTANCES` without a file is a gateway, whose instances see a loopback Host and the token they expect.',
    source: 'design §3',
  },
  'config/instances/token': {
    behavior:
      'One of the two tokens serves both sides of `INSTANCES`; none, or a short one, is refused.',
    source: 'design §3; exposure rules',
  },
  'config/refuse/open': {
    behavior: 'A listener beyond loopback starts only with a token or a key.',
    source: 'design §7; rule A4',
  },
  'config/refuse/anonymous': {
    behavior: 'Anonymous use beyond loopback is refused, decided on the parsed address.',
    source: 'design §7',
  },
  'config/refuse/weak-token': {
    behavior:
      'A token that is short, a placeholder or easy to guess is refused, without being shown.',
    source: 'design §7',
  },
  'config/refuse/before-opening': {
    behavior: 'A file that is refused opens no port and writes nothing.',
    source: 'design §7',
  },
  'config/warn/cleartext': {
    behavior: 'A listener beyond loopback without an https `publicUrl` is warned about by name.',
    source: 'design §7',
  },
  'config/warn/no-audit': {
    behavior: 'An audit log that is switched off is warned about.',
    source: 'design §7; docs/config.md',
  },
  'config/loopback': {
    behavior: 'Loopback is 127.0.0.0/8 and ::1, IPv4-mapped forms included, and nothing else.',
    source: 'design §7',
  },
} as const satisfies ClaimsOf<'config'>
