import type { ClaimsOf } from './claim.ts'

/** The command `sallyport` and the scripts of a checkout. */
export const COMMAND = {
  'command/first-run': {
    behavior: 'With no file `up` writes one and runs it.',
    source: 'design §8',
  },
  'command/first-key/terminal': {
    behavior: 'The first key is shown to a person at a terminal, and is written nowhere.',
    source: 'design §8',
  },
  'command/first-key/failed-start': {
    behavior: 'A start that fails makes no first key: the next start makes it and shows it.',
    source: 'Design, "Two commands"',
  },
  'command/first-key/file': {
    behavior:
      'To anything but a terminal the first key goes into a file of mode 600, and not into the output.',
    source: 'design §8',
  },
  'command/second-start': {
    behavior: 'A later start says how to make another key.',
    source: 'Design, "Two commands"',
  },
  'command/snippets': {
    behavior: 'Claude Code, Cursor and VS Code get snippets in their own form.',
    source: 'Design, "Two commands"',
  },
  'command/up/json': {
    behavior:
      '`up --json` prints `{ data, admin, pid }`, with `firstKeyFile` where a first key was made, once ready and nothing else; so does `up` where logs are JSON and nobody is at a terminal.',
    source: 'design §8',
  },
  'command/up/fails': {
    behavior: 'A start that fails leaves its exit code and one sentence, and opens nothing.',
    source: 'design §7',
  },
  'command/up/rollback': {
    behavior: 'A start that fails at its last step leaves no lock, socket, port or process behind.',
    source: 'house style §3.9; docs/architecture.md',
  },
  'command/up/plan': {
    behavior: '`up --plan` lists what a start would do to the store and changes nothing.',
    source: 'Slack checklist 142',
  },
  'command/validate': {
    behavior:
      '`validate` prints every problem with its place and ends with 2; `up` refuses the same file with the same code.',
    source: 'design §8; Hangar scenario 9',
  },
  'command/validate/connect': {
    behavior:
      '`validate --connect` names servers that do not start, do not answer or do not speak MCP, and leaves none running.',
    source: 'design §3; Hangar scenario 9',
  },
  'command/keys/anywhere': {
    behavior: '`keys` does the same on a stopped and on a running gateway, and needs no key.',
    source: 'design §2, "Local administrator"',
  },
  'command/keys/given': {
    behavior: 'A key is taken from stdin or a file, never from an argument.',
    source: 'Slack checklist 10; exposure rules',
  },
  'command/call': {
    behavior:
      '`tools` and `call` show what a client sees, and `call` ends with 1 on a tool’s error.',
    source: 'design §8',
  },
  'command/call/text': {
    behavior:
      '`call` prints texts and embedded text resources with their URI, names everything else with its URI or size, and prints no control characters.',
    source: 'design §8; MCP, Tools, "Tool Result"',
  },
  'command/tools/partial': {
    behavior:
      '`tools` names each server whose tools are missing from the list or kept from before; with `--json` the list has its `sources`.',
    source: 'design §5, §8',
  },
  'command/lists': {
    behavior:
      '`servers`, `audit` and `health` tell of the running gateway, as JSON for programs, and end with 1 where none runs.',
    source: 'design §8',
  },
  'command/audit-verify': {
    behavior: '`audit verify` ends with 1 when the log is broken.',
    source: 'design §8',
  },
  'command/control-characters': {
    behavior: 'What a server sends reaches a terminal without control characters.',
    source: 'design §7',
  },
  'command/usage': {
    behavior: 'Wrong usage is one sentence and exit code 2.',
    source: 'design §8',
  },
  'command/help': {
    behavior: 'Every verb has a --help for strangers.',
    source: 'Design, "Command"',
  },
  'command/signal/drains': {
    behavior:
      'SIGINT and SIGTERM end the gateway with 0 after it drained, and a signal delivered twice is one.',
    source: 'design §8',
  },
  'command/signal/forces': {
    behavior: 'A signal repeated more than a second later forces the end, with 130 or 143.',
    source: 'design §8',
  },
  'command/signal/children': {
    behavior: 'A forced end takes the children along, with all they started, wherever that went.',
    source: 'Design, "Supervision"; design §8',
  },
  'command/signal/start': {
    behavior:
      'A signal ends a start that hangs within a second or so, with 130 or 143 when it could not be closed in order.',
    source: 'design §8',
  },
  'command/launcher': {
    behavior:
      'The launcher passes SIGINT, SIGTERM and SIGHUP on, ends after the program with its code, and takes it along when killed.',
    source: 'design §8; adr/004',
  },
  'command/launcher/npm': {
    behavior: 'What npm started ends when npm is stopped, however the shell between them behaves.',
    source: 'Design, "Two commands"',
  },
  'command/install': {
    behavior:
      'What is missing is installed once, also for several processes at once, and nothing when it is there.',
    source: 'Design, "Two commands"',
  },
  'command/packed': {
    behavior:
      'The packed command, installed into an empty folder without any other package, serves calls, audits and drains.',
    source: 'Design, "Two commands"',
  },
  'command/packed/licences': {
    behavior: 'The licences in the packed command name every package that is bundled.',
    source: 'docs/dependencies.md',
  },
  'command/stdio/serves': {
    behavior:
      '`stdio` serves a client that launches it, in either era, with nothing on stdout but messages.',
    source: 'Design, "Every transport"',
  },
  'command/stdio/no-port': {
    behavior:
      'A gateway that `stdio` starts opens no port, needs no key and makes none, and leaves no process behind.',
    source: 'Design, "Every transport"',
  },
  'command/stdio/first-run': {
    behavior: 'With no file `stdio` writes one, as `up` does, and says so on stderr.',
    source: 'design §8',
  },
  'command/stdio/scope': {
    behavior:
      '`stdio` serves all, one endpoint or one server; a name that the file does not have is refused with 2.',
    source: 'design §2; Design, "Endpoints"',
  },
  'command/stdio/drains': {
    behavior: 'When its stdin ends, `stdio` answers what is in flight and ends with 0.',
    source: 'MCP 2025-11-25, Lifecycle, "Shutdown", stdio',
  },
  'command/stdio/signal': {
    behavior: 'A signal ends `stdio` with 0 after what is in flight was answered.',
    source: 'design §8',
  },
  'command/stdio/shares': {
    behavior:
      'Clients that launch `stdio` on one configuration share one gateway: the one that runs, or the first one’s, also when they start at the same moment.',
    source: 'design §2, "Local administrator"',
  },
  'command/stdio/stays': {
    behavior: 'A client that ends leaves the gateway of its process to the others until they end.',
    source: 'Design, "Every transport"',
  },
  'command/stdio/takes-over': {
    behavior:
      'When the gateway ends, also by kill -9, its other clients go on with the next: sessions are kept, what may have acted is answered as unknown, the rest is asked again.',
    source: 'Design, "Session recovery"',
  },
  'command/old-node': {
    behavior:
      'On a Node older than 24 the packed command says in one sentence what it needs, and ends with 2.',
    source: 'Design, "Two commands"',
  },
} as const satisfies ClaimsOf<'command'>
