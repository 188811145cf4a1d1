import { type Command, Option } from 'commander'
import type { Context } from './context.ts'
import { CONFIG, type Finish, JSON_OUTPUT } from './declare.ts'

/** `slack` and what it can tell. */
export function declareSlack(program: Command, context: Context, finish: Finish): void {
  const slack = program
    .command('slack')
    .summary('run the Slack server alone, or see its workspaces')
    .description(
      'Runs the Slack server until Ctrl-C or SIGTERM, then lets running calls finish. It is set up ' +
        'by the environment and the .env in this folder: SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, ' +
        'SLACK_SCOPES, SLACK_REDIRECT_URI and SALLYPORT_TOKEN are required. A gateway runs it by ' +
        'itself where its configuration has `slack:`.',
    )
    .option('--json', 'print { address, pid } as one line once ready, and nothing else')
    .addOption(new Option('--child', 'end with standard input').hideHelp())
    .action(async (options) => {
      const { slack: run } = await import('./verbs/slack.ts')
      finish(await run(context, options))
    })
  slack
    .command('teams')
    .summary('list the workspaces it is installed in')
    .description(
      'Lists every workspace with the state, scopes, expiry and installer of the app there. Reads ' +
        'the store of the Slack server, which may run: that of the gateway whose configuration ' +
        'has `slack:`, else that of the environment.',
    )
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (options) => {
      const { slackTeams } = await import('./verbs/slack-teams.ts')
      finish(await slackTeams(context, { ...slack.opts(), ...options }))
    })
  slack
    .command('remove <team>')
    .summary('delete what is kept of a workspace')
    .description(
      'Deletes the installation in a workspace, its tokens included; a Slack server that runs ' +
        'knows within a second. `slack teams` lists the ids.',
    )
    .option('--app <name>', 'which app, where several are installed there')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action(async (team, options) => {
      const { slackRemove } = await import('./verbs/slack-remove.ts')
      finish(await slackRemove(context, team, { ...slack.opts(), ...options }))
    })
  slack
    .command('prove')
    .summary('prove on the running server that it reads, or posts')
    .description(
      'Has the Slack server that runs list channels and read one. With --channel it posts into ' +
        'that channel instead, which SLACK_WRITE_CHANNELS must allow, and deletes the message ' +
        'again. Exit code 1 when a step failed.',
    )
    .option('--team <id>', 'which workspace, where there are several')
    .option('--channel <name>', 'post into this channel, by name or id, and delete that again')
    .option(...CONFIG)
    .option('--json', 'print { ok, steps: [{ tool, ok, at, durationMs, said }] }')
    .action(async (options) => {
      const { slackProve } = await import('./verbs/slack-prove.ts')
      finish(await slackProve(context, { ...slack.opts(), ...options }))
    })
}
