import type { Claim } from './claim.ts'

/** What the checklist proves of configuration, variables, secrets, files, git and instances. */
export const CHECK_CONFIGURATION = {
  'check/config/valid': {
    behavior:
      'A configuration that loads without errors is proved with its warnings; each error fails with its place and remedy.',
    source: 'checklists: system "configuration validated", Discord "Final smoke test"',
  },
  'check/config/unknown-keys': {
    behavior: 'A key that nothing reads fails with the key that was meant.',
    source: 'checklists: system "configuration validated"',
  },
  'check/config/environments': {
    behavior:
      'A deployment that names its environment is proved; one that calls itself local although others can reach it fails.',
    source: 'Hangar checklist, "Environment-specific configs separated (dev/staging/prod)"',
  },
  'check/config/secrets-are-references': {
    behavior:
      'A configuration that brings in its secrets by reference is proved; a secret that stands in it, as a default, an argument, a header or in a URL, fails with its key and line.',
    source: 'Hangar checklist, "Secrets use environment variable interpolation, not plain text"',
  },
  'check/env/complete': {
    behavior:
      'Variables that the configuration and compose files refer to fail when they are set nowhere or to nothing.',
    source:
      'checklists: system ".env.prod created with all required values", Slack "All required environment variables set"',
  },
  'check/env/no-placeholders': {
    behavior:
      'A value that a template left, or a command that nothing runs, fails with its line; templates themselves do not.',
    source: 'checklists: system "No placeholder values", Discord "Secrets"',
  },
  'check/env/unknown': {
    behavior: 'A variable with a name of ours that nothing reads fails, and a near miss is named.',
    source: 'Slack checklist, "All required environment variables set"',
  },
  'check/env/log-level': {
    behavior:
      'A level of debug or trace fails, also that of one module; files of other environments do not count.',
    source: 'Slack checklist, "LOG_LEVEL set to info or warn (not debug)"',
  },
  'check/env/json-logs': {
    behavior:
      'Logs as JSON lines are proved where the switch reaches the gateway, and fail where it is off or compose does not pass it on.',
    source: 'Hangar checklist, "Structured JSON logging enabled"',
  },
  'check/secrets/strong': {
    behavior:
      'A secret of ours under 32 characters, a password under 16, a default and a repetition fail with their place and never with their value.',
    source:
      'checklists: system "JWT secrets are cryptographically secure (32+ bytes)", Slack "Strong API key generated"',
  },
  'check/secrets/no-defaults': {
    behavior: 'A secret that products are shipped with, or that is tried first, fails.',
    source: 'checklists: system "All default passwords changed", Discord "Secrets"',
  },
  'check/secrets/unique': {
    behavior: 'One value under two purposes fails; two names for the same purpose do not.',
    source: 'system checklist, "Database passwords are strong and unique"',
  },
  'check/secrets/not-shared': {
    behavior:
      'Secrets that another environment has too fail; without another environment to compare with nothing is proved.',
    source: 'Discord exposure rules, "Do not use one bearer token across staging and production"',
  },
  'check/secrets/files': {
    behavior:
      'The file of a secret that is missing, empty or holds several values fails with what names it.',
    source: 'system checklist, "Docker secrets configured for sensitive data"',
  },
  'check/secrets/gateway-token': {
    behavior:
      'The token of gateway and instances fails when it is unset, holds fewer than 32 random bytes, or an instance takes another.',
    source: 'Discord checklist, "MCP_GATEWAY_AUTH_TOKEN is at least 32 random bytes"',
  },
  'check/files/secret-modes': {
    behavior: 'A file with a secret that others than its owner can read fails with its mode.',
    source: 'system checklist, "Secret files have secure permissions (600)"',
  },
  'check/files/modes': {
    behavior:
      'A file or folder that others can change fails; a group that is the user alone, and sticky folders, do not.',
    source: 'system checklist, "File permissions secure"',
  },
  'check/files/no-transcripts': {
    behavior:
      'A shell history, a transcript of a session, a core dump and a private key that nothing names fail by name.',
    source: 'Discord exposure rules, "Keep the value out of shell history"',
  },
  'check/git/env-untracked': {
    behavior: 'An environment file that git tracks fails; templates do not.',
    source: 'checklists: Slack ".env file NOT committed to version control", Discord "Secrets"',
  },
  'check/git/history-clean': {
    behavior:
      'A secret of today, and a file of secrets, in any commit of any branch or tag fails with the commit, also where it was removed again; a shallow clone proves nothing.',
    source:
      'Discord checklist, "DISCORD_TOKEN is unique to this bot user and is not committed anywhere"',
  },
  'check/git/secrets-ignored': {
    behavior: 'A file with a secret that git does not ignore fails by name.',
    source: 'system checklist, "Secrets directory added to .gitignore"',
  },
  'check/supply/lockfile': {
    behavior:
      'A server that is fetched in whatever version there is when it starts, or runs from packages without a lockfile, fails by name.',
    source: 'Slack checklist, "Dependency update process defined"',
  },
  'check/supply/scan': {
    behavior:
      'A result of a scanner with something high or critical, or of another image than the one that runs, fails; none, a stale one and an image without one are unproved.',
    source: 'system checklist, "Vulnerability scan passed"',
  },
  'check/supply/dependencies': {
    behavior:
      'Versions that were changed within a month are proved by their commit; older ones are unproved.',
    source: 'Slack checklist, "Update dependencies monthly"',
  },
  'check/supply/previous-image': {
    behavior:
      'A host that has only one image of a server or gateway fails; without docker it is unproved.',
    source: 'Slack checklist, "Rollback Plan"',
  },
  'check/instances/listed': {
    behavior:
      'An instance that INSTANCES lacks, and one that it lists and is not there, fail by name.',
    source: 'Discord checklist, "INSTANCES lists every backend"',
  },
  'check/instances/unique-token': {
    behavior: 'Two instances with one DISCORD_TOKEN fail.',
    source: 'Discord checklist, "Every instance has a distinct DISCORD_TOKEN"',
  },
  'check/instances/unique-schema': {
    behavior:
      'Two instances with one DB_SCHEMA in one database fail, also where it is set in neither.',
    source: 'Discord checklist, "DB_SCHEMA is set to a unique value per instance"',
  },
  'check/instances/unique-prefix': {
    behavior: 'Two instances with one command_prefix fail unless they are in different guilds.',
    source: 'Discord checklist, "Each instance\'s prefix is sensible"',
  },
  'check/instances/unique-port': {
    behavior: 'Two instances at one address fail; in containers each has its own.',
    source: 'Discord checklist, "Multi-instance"',
  },
  'check/instances/own-folder': {
    behavior: 'Two instances that share a folder, a .env or a config.toml fail, also over a link.',
    source: 'Discord checklist, "Each instance has its own directory"',
  },
  'check/instances/backend-auth': {
    behavior:
      'An instance that listens beyond loopback without MCP_AUTH_TOKEN fails; on loopback it needs none.',
    source:
      'Discord checklist, "MCP_AUTH_TOKEN is set on every bot whose MCP_BIND_ADDR is not loopback"',
  },
} as const satisfies Readonly<Record<string, Claim>>
