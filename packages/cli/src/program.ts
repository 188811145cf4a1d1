import { Command, Option } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'
import { declareChecklist } from './declare-checklist.ts'
import { declareDrill } from './declare-drill.ts'
import { declareEndpoints, declareGroups } from './declare-entries.ts'
import { declareIdentity } from './declare-identity.ts'
import { declareOperate } from './declare-operate.ts'
import { declareSecrets } from './declare-secrets.ts'
import { declareServers } from './declare-servers.ts'
import { declareSlack } from './declare-slack.ts'
import { declareSessions } from './declare-sessions.ts'
import { declareUsers } from './declare-users.ts'
import { addHelp, pathOf } from './help.ts'
import { VERSION } from './version.ts'

/**
 * The whole command line: every verb with its options and help. A verb's code is loaded when it is used,
 * so that `--help` and `validate` need not wait for a gateway.
 */
export function createProgram(context: Context, finish: Finish): Command {
  const { terminal } = context
  const program = new Command('sallyport')
    .description('Run MCP servers in production: keys, limits, an audit log and supervision.')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    // So that a verb can leave options to the verbs below it.
    .enablePositionalOptions()
    .helpCommand('help [verb]', 'print help for a verb')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
  declareUp(program, context, finish)
  declareStdio(program, context, finish)
  declareSlack(program, context, finish)
  declareValidate(program, context, finish)
  declareIdentity(program, context, finish)
  declareUsers(program, context, finish)
  declareTools(program, context, finish)
  declareServers(program, context, finish)
  declareGroups(program, context, finish)
  declareEndpoints(program, context, finish)
  declareSessions(program, context, finish)
  declareOperate(program, context, finish)
  declareAudit(program, context, finish)
  declareSecrets(program, context, finish)
  declareHealth(program, context, finish)
  declareChecklist(program, context, finish)
  declareDrill(program, context, finish)
  finishDeclaring(program)
  return program
}

function finishDeclaring(command: Command): void {
  addHelp(command)
  command.configureOutput({
    outputError: (text, write) => {
      const sentence = text.replace(/^error: /, '').trimEnd()
      const verb = command.parent === null ? '' : `${pathOf(command)} `
      write(`sallyport: ${sentence}\nsee: sallyport ${verb}--help`)
    },
  })
  for (const child of command.commands) finishDeclaring(child)
}

function declareUp(program: Command, context: Context, finish: Finish): void {
  program
    .command('up')
    .summary('run the gateway')
    .description(
      'Runs the gateway until Ctrl-C or SIGTERM, then lets running calls finish. The file is ' +
        '--config, else SALLYPORT_CONFIG, else ./sallyport.yaml, else INSTANCES; with none of ' +
        'them a starter file is written.',
    )
    .option(...CONFIG)
    .option('--plan', 'list what a start would change in the store, and change nothing')
    .option('--json', 'print { data, admin, pid } as one line once ready, and nothing else')
    .action(async (options) => {
      const { up } = await import('./verbs/up.ts')
      finish(await up(context, options))
    })
}

function declareStdio(program: Command, context: Context, finish: Finish): void {
  program
    .command('stdio')
    .summary('serve one client on stdin and stdout, as desktop clients launch it')
    .description(
      'Serves MCP on stdin and stdout until the client closes stdin. The gateway that runs on the ' +
        'configuration does the work; where none runs it is started in this process, without any ' +
        'port, and serves every client that is launched on the same configuration. Needs no key. ' +
        'Logs go to stderr.',
    )
    .addOption(
      new Option('--endpoint <name>', 'serve this endpoint of the configuration alone').conflicts(
        'server',
      ),
    )
    .option('--server <name>', 'serve this server alone, its names unchanged')
    .option(...CONFIG)
    .action(async (options) => {
      const { stdio } = await import('./verbs/stdio.ts')
      finish(await stdio(context, options))
    })
}

function declareValidate(program: Command, context: Context, finish: Finish): void {
  program
    .command('validate')
    .summary('check a configuration without running it')
    .description(
      'Reads the configuration, resolves its references, looks up its commands, and reports ' +
        'every problem at once with file, line and remedy. Starts nothing and changes nothing. ' +
        'Exit code 0 or 2.',
    )
    .argument('[file]', 'the configuration; default: as `up` finds it')
    .option('--connect', 'also start and stop each server once')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (file, options) => {
      const { validate } = await import('./verbs/validate.ts')
      finish(await validate(context, file, options))
    })
}

/** The ways to reach a gateway as a client of MCP. */
function addTarget(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'a gateway somewhere else, such as https://mcp.example.com, or what one endpoint shows: ' +
        'https://mcp.example.com/mcp/<endpoint>',
    )
    .option('--key-file <file>', 'read the API key for --url from this file')
    .option('--key-stdin', 'read the API key for --url from stdin')
    .option(...CONFIG)
}

function declareTools(program: Command, context: Context, finish: Finish): void {
  addTarget(program.command('tools'))
    .summary('list the tools that clients see')
    .description(
      'Asks a running gateway as a client would: the one here over its local socket, or --url ' +
        'with the key in SALLYPORT_KEY.',
    )
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listTools } = await import('./verbs/tools.ts')
      finish(await listTools(context, options))
    })
  addTarget(program.command('call'))
    .summary('call one tool')
    .description(
      'Calls a tool of a running gateway and prints its text. Exit code 1 when the tool reports ' +
        'an error.',
    )
    .argument('<name>', 'as `tools` lists it: server__tool')
    .argument('[arguments]', 'a JSON object; - reads it from stdin', '{}')
    .option('--json', 'print the result as the server gave it')
    .action(async (name, argumentsJson, options) => {
      const { callTool } = await import('./verbs/tools.ts')
      finish(await callTool(context, { name, argumentsJson }, options))
    })
}

function declareAudit(program: Command, context: Context, finish: Finish): void {
  const audit = program
    .command('audit')
    .summary('read and verify the audit log')
    .description(
      'The audit log of the gateway. A running gateway is asked over its local socket; ' +
        'otherwise its store is opened. Neither needs a key.',
    )
  audit
    .command('list')
    .description('Lists audit rows, newest first.')
    .option('--principal <id>', 'of one caller, such as key:abcdefgh')
    .option('--tenant <name>', 'of callers of one tenant')
    .option('--server <name>', 'of one server')
    .option('--tool <name>', 'of one tool, as clients name it')
    .option('--outcome <outcome>', 'such as ok, tool_error, refused, failed')
    .option('--request <id>', 'of one request')
    .option('--since <time>', 'not older than this: 24h, 7d or 2026-11-20T12:00:00Z')
    .option('--until <time>', 'not newer than this')
    .option('--limit <rows>', 'at most this many, 1 to 1000', '100')
    .option('--cursor <cursor>', 'go on where a page before ended (its `next`)')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { listAudit } = await import('./verbs/audit.ts')
      finish(await listAudit(context, options))
    })
  audit
    .command('verify')
    .description(
      'Proves that no row was edited, removed, reordered or cut off. Exit code 1 when one was.',
    )
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { verifyAudit } = await import('./verbs/audit.ts')
      finish(await verifyAudit(context, options))
    })
}

function declareHealth(program: Command, context: Context, finish: Finish): void {
  program
    .command('health')
    .summary('ask whether a gateway is ready')
    .description(
      'Exit code 0 when the gateway is ready for calls, 1 when it is not or does not answer.',
    )
    .option('--url <url>', 'a gateway somewhere else, such as http://127.0.0.1:9100')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { health } = await import('./verbs/health.ts')
      finish(await health(context, options))
    })
}
