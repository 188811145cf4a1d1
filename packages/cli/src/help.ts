import type { Command } from 'commander'

const EXIT_CODES = `
Exit codes:
  0    done, or stopped after draining
  1    failed
  2    wrong usage or configuration
  3    nothing of the checklist fails, and something could not be proved or a drill not be run
  130  forced to stop by a second Ctrl-C (143: by a second SIGTERM)`

const ENVIRONMENT = `
Environment:
  SALLYPORT_CONFIG      the configuration file, where --config is not given
  SALLYPORT_KEY         the API key for --url
  SALLYPORT_MASTER_KEY  the key that protects the store
  MCP_LOG_LEVEL         debug, info, warn, error or silent
  MCP_JSON_LOGS         true for logs as JSON lines
  NO_COLOR              no colours`

type Example = readonly [command: string, meaning: string]

const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  sallyport: [
    ['sallyport up', 'run the gateway; the first time, write a configuration'],
    ['sallyport tools', 'what clients see'],
    ['sallyport keys create alice', 'let somebody in'],
  ],
  up: [
    ['sallyport up', 'run ./sallyport.yaml; the first time, write it'],
    ['sallyport up --config gateway.yaml', 'run that file'],
    ['sallyport up --plan', 'show what a start would change in the store, and change nothing'],
  ],
  stdio: [
    ['sallyport stdio --config /home/me/sallyport.yaml', 'what a desktop client is to launch'],
    ['sallyport stdio --server files', 'one server of it, its names unchanged'],
  ],
  validate: [
    ['sallyport validate', 'check the file that `up` would run'],
    ['sallyport validate gateway.yaml --connect', 'also start every server once'],
  ],
  keys: [
    ['sallyport keys create alice', 'let somebody in'],
    ['sallyport keys list', 'who has a key'],
  ],
  secrets: [['sallyport secrets rotate', 'seal what is kept with new keys']],
  'secrets rotate': [
    ['sallyport secrets rotate', 'while calls go on, or while nothing runs'],
    ['sallyport secrets rotate --json', 'for programs'],
  ],
  erase: [
    ['sallyport erase --subject alice --plan', 'what is kept of her, and would go'],
    ['sallyport erase --subject key:abcdefgh', 'by the id that the audit log has'],
  ],
  'keys create': [
    ['sallyport keys create alice', 'a key that may list and call tools'],
    ['sallyport keys create ops --role admin --expires 30d', 'one for the admin API, for a month'],
    ['sallyport keys create bot --servers files --read-only', 'one that only reads files'],
  ],
  'keys rotate': [
    ['sallyport keys rotate alice', 'the old secret is good for another day'],
    ['sallyport keys rotate alice --overlap 0s', 'the old secret ends at once'],
  ],
  'keys list': [
    ['sallyport keys list', 'also shows when each was last used'],
    ['sallyport keys list --json', 'for programs'],
  ],
  'keys revoke': [['sallyport keys revoke alice', 'by name or id; counts within a second']],
  roles: [
    ['sallyport roles', 'what callers of each role may do'],
    ['sallyport roles create support --permissions mcp.list,mcp.call', 'one of your own'],
  ],
  'roles list': [['sallyport roles list --json', 'for programs']],
  'roles create': [
    [
      'sallyport roles create watcher --permissions status.read,servers.read',
      'looks, calls nothing',
    ],
  ],
  'roles change': [
    ['sallyport roles change watcher --permissions status.read', 'counts from the next call on'],
  ],
  'roles remove': [['sallyport roles remove watcher', 'it gives nothing from then on']],
  tenants: [
    ['sallyport tenants', 'who is kept apart from whom'],
    ['sallyport tenants create acme --servers files,search', 'sees these servers and no other'],
  ],
  'tenants list': [['sallyport tenants list --json', 'for programs']],
  'tenants create': [
    ['sallyport tenants create acme --title "Acme Ltd"', 'sees every server'],
    ['sallyport tenants create acme --tools "files__read_*"', 'sees these tools and no other'],
  ],
  'tenants change': [
    ['sallyport tenants change acme --servers all', 'takes the restriction to servers away'],
  ],
  'tenants remove': [['sallyport tenants remove acme', 'its keys open nothing from then on']],
  admin: [
    ['sallyport admin bootstrap', 'the first person who may log in'],
    ['sallyport admin reset alice', 'a new password, for who forgot it'],
  ],
  'admin bootstrap': [
    ['sallyport admin bootstrap', 'prints a password that must be changed at the first login'],
    ['sallyport admin bootstrap alice --password-stdin < password.txt', 'one of your own'],
  ],
  'admin reset': [['sallyport admin reset alice', 'ends its logins and prints a new password']],
  users: [
    ['sallyport users', 'who may log in'],
    ['sallyport users create bob --role operator', 'let somebody in'],
  ],
  'users list': [['sallyport users list --json', 'for programs']],
  'users create': [
    ['sallyport users create bob --role operator', 'prints a first password'],
    ['sallyport users create eve --role caller --tenant acme', 'one of a tenant'],
  ],
  'users change': [
    ['sallyport users change bob --role operator --role auditor', 'what it may do from now on'],
    ['sallyport users change bob --no-tenant', 'of no tenant any more'],
  ],
  'users disable': [['sallyport users disable bob', 'out within a second, everywhere']],
  'users enable': [['sallyport users enable bob', 'with the password it had']],
  'users remove': [['sallyport users remove bob', 'for good']],
  tools: [
    ['sallyport tools', 'of the gateway that runs here'],
    ['SALLYPORT_KEY=... sallyport tools --url https://mcp.example.com', 'of another'],
  ],
  call: [
    [`sallyport call everything__echo '{"message":"hi"}'`, 'arguments as JSON'],
    ['sallyport call files__read_text_file - < arguments.json', 'arguments from stdin'],
  ],
  servers: [
    ['sallyport servers', 'their state, and why one does not work'],
    ['sallyport servers logs files', 'what it said last'],
    ['sallyport servers restart files', 'once its running calls are through'],
  ],
  'servers list': [
    ['sallyport servers list', 'their state, and why one does not work'],
    ['sallyport servers list --json', 'for programs'],
  ],
  'servers show': [['sallyport servers show files', 'why it does not work, and whom to ask']],
  'servers logs': [
    ['sallyport servers logs files --lines 20', 'what it said last'],
    ['sallyport servers logs files --follow', 'and what it says from now on'],
  ],
  'servers start': [['sallyport servers start files', 'to see whether it starts']],
  'servers stop': [['sallyport servers stop files', 'once its running calls are through']],
  'servers restart': [['sallyport servers restart files', 'once its running calls are through']],
  'servers warm': [['sallyport servers warm files', 'so that its tools are listed']],
  'servers check': [['sallyport servers check files', 'exit 0 when it does its work, 1 when not']],
  'servers block': [
    ['sallyport servers block files --reason "deletes too much"', 'until it is unblocked'],
  ],
  'servers unblock': [['sallyport servers unblock files', 'lets calls through again']],
  'servers drain': [
    ['sallyport servers drain files --reason "new disk"', 'before work on what it needs'],
  ],
  'servers undrain': [['sallyport servers undrain files', 'lets calls through again']],
  'servers add': [
    ['sallyport servers add search --url https://search.example.com/mcp', 'a remote one'],
    ['sallyport servers add files --definition files.yaml', 'as it would stand in the file'],
  ],
  'servers change': [
    ['sallyport servers change search --share all', 'the rest stays, secrets too'],
  ],
  'servers remove': [['sallyport servers remove search', 'calls under way finish']],
  'servers added': [['sallyport servers added', 'what is not in force, and why']],
  groups: [['sallyport groups', 'which members take calls']],
  'groups list': [['sallyport groups list --json', 'for programs']],
  'groups add': [
    ['sallyport groups add answers --member search --member search-backup', 'one name for two'],
  ],
  'groups change': [['sallyport groups change answers --strategy priority', 'members stay']],
  'groups remove': [['sallyport groups remove answers', 'its members stay']],
  endpoints: [['sallyport endpoints', 'of the file, and those that were added']],
  'endpoints list': [['sallyport endpoints list --json', 'for programs']],
  'endpoints add': [
    ['sallyport endpoints add desk --server files --allow "files__read_*"', 'at /mcp/desk'],
  ],
  'endpoints change': [
    ['sallyport endpoints change desk --server files --server search', 'its clients hear of it'],
  ],
  'endpoints remove': [['sallyport endpoints remove desk', 'its address is gone at once']],
  sessions: [
    ['sallyport sessions', 'who has something open, and what is in flight'],
    ['sallyport sessions suspend 49a4d5ec68b7cc45 --reason loops', 'refuse its next call'],
  ],
  'sessions list': [['sallyport sessions list --principal key:abcdefgh', 'of one caller']],
  'sessions suspend': [['sallyport sessions suspend 49a4d5ec68b7cc45', 'running calls finish']],
  'sessions resume': [['sallyport sessions resume 49a4d5ec68b7cc45', 'take its calls again']],
  'sessions end': [['sallyport sessions end 49a4d5ec68b7cc45', 'its client may open another']],
  principals: [
    [
      'sallyport principals suspend key:abcdefgh --reason leaked',
      'out within a second, everywhere',
    ],
    ['sallyport principals', 'who is suspended'],
  ],
  'principals list': [['sallyport principals list', 'whom operators keep out, and why']],
  'principals suspend': [['sallyport principals suspend user:u_abcdefgh', 'on both listeners']],
  'principals resume': [['sallyport principals resume key:abcdefgh', 'let it in again']],
  slack: [
    ['sallyport slack', 'run it on the .env of this folder'],
    ['sallyport slack teams', 'where it is installed'],
  ],
  'slack teams': [
    ['sallyport slack teams', 'states, scopes, and when tokens end'],
    ['sallyport slack teams --json', 'for programs'],
  ],
  'slack remove': [['sallyport slack remove T0123ABCD', 'tokens included']],
  'slack prove': [
    ['sallyport slack prove', 'list channels, read one'],
    ['sallyport slack prove --channel bots', 'post there, and delete it again'],
  ],
  usage: [
    ['sallyport usage', 'who is near a quota, or refused'],
    ['sallyport usage --json', 'for programs'],
  ],
  drain: [
    ['sallyport drain --reason "kernel update"', 'before the machine restarts'],
    ['sallyport drain --off', 'take calls again'],
    ['sallyport drain --server files', 'one server alone'],
  ],
  config: [
    ['sallyport config diff', 'what a reload would change'],
    ['sallyport config reload', 'bring the file into force'],
    ['sallyport config rollback', 'go back to what was in force before'],
  ],
  'config diff': [['sallyport config diff', 'before a reload']],
  'config history': [['sallyport config history', 'what was in force, since when and by whom']],
  'config show': [['sallyport config show 12', 'the text of one of them']],
  'config reload': [['sallyport config reload', 'while calls go on']],
  'config rollback': [
    ['sallyport config rollback', 'to the one before'],
    ['sallyport config rollback 12', 'to that one'],
  ],
  audit: [
    ['sallyport audit list --since 1h', 'what was called in the last hour'],
    ['sallyport audit verify', 'whether the log is whole'],
  ],
  'audit verify': [
    ['sallyport audit verify', 'exit 0 when the log is unbroken, 1 when not'],
    ['sallyport audit verify --json', 'with the writer and the row of each fault'],
  ],
  'audit list': [
    ['sallyport audit list --tool files__write_file --since 24h', 'who wrote, in the last day'],
    ['sallyport audit list --request ID --json', 'one request, by the id in its answer'],
  ],
  drill: [
    ['sallyport drill', 'every drill, on a copy of the deployment'],
    ['sallyport drill failover recover', 'two of them'],
    ['sallyport drill auth --live', 'on the gateway that runs'],
    ['sallyport drill --list', 'when each was run, and is due again'],
  ],
  check: [
    ['sallyport check', 'the whole checklist, on the deployment of ./sallyport.yaml'],
    ["sallyport check --only 'hangar/*'", 'one document of it'],
    ['sallyport check --phase before --json', 'what must hold before going live, for programs'],
    ['sallyport check --html --out report.html', 'a page to show, beside the text'],
    ['sallyport check --explain hangar/security/tls', 'one item in full'],
  ],
  'check verify': [
    ['sallyport check verify report.json', 'exit 0 when it is as this deployment signed it'],
    ['sallyport check verify report.json --key checklist.pub', 'where there is no deployment'],
  ],
  'check key': [['sallyport check key > checklist.pub', 'for whoever is to verify reports']],
  'check sign-off': [
    [
      'sallyport check sign-off security --by "security@example.com"',
      'once nothing of that role is open',
    ],
  ],
  'check history': [
    ['sallyport check history', 'how it went, and what was good before'],
    ['sallyport check history --json', 'for programs'],
  ],
  attest: [
    [
      'sallyport attest attest/on-call --by "ops@example.com" --note "the rota is agreed"',
      'a person',
    ],
    [
      'sallyport attest redis/password --by Ada --note "none here" --not-applicable',
      'it does not concern this deployment',
    ],
    ['sallyport attest --list', 'who stands for what, and until when'],
    ['sallyport attest --remove attest/on-call', 'take it back'],
  ],
  health: [
    ['sallyport health', 'exit 0 when the gateway here is ready, 1 when not'],
    ['sallyport health --url http://127.0.0.1:9100', 'over HTTP, for images without a shell'],
  ],
}

/** Adds what stands below the options: examples, and for the command itself its surroundings. */
export function addHelp(command: Command): void {
  const name = pathOf(command)
  const examples = EXAMPLES[name] ?? []
  if (examples.length > 0) command.addHelpText('after', formatExamples(examples))
  if (name === 'sallyport') command.addHelpText('after', `${ENVIRONMENT}\n${EXIT_CODES}`)
}

/** The verb as it is typed, without the name of the program: `keys create`. */
export function pathOf(command: Command): string {
  if (command.parent === null) return command.name()
  const above = command.parent.parent === null ? '' : `${pathOf(command.parent)} `
  return above + command.name()
}

function formatExamples(examples: readonly Example[]): string {
  const lines = examples.map(([command, meaning]) => `  # ${meaning}\n  ${command}`)
  return `\nExamples:\n${lines.join('\n')}`
}
