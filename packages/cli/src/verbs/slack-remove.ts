import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { SlackStore } from '../slack-store.ts'

interface Options extends ConfigOptions {
  readonly app?: string
  readonly json?: boolean
}

/** `slack remove`: deletes what is kept of the app in a workspace. */
export async function slackRemove(
  context: Context,
  team: string,
  options: Options,
): Promise<number> {
  await using store = await SlackStore.open(context, options)
  const app = await store.remove(team, options.app)
  const { terminal } = context
  if (options.json) terminal.print(JSON.stringify({ team, app }))
  else {
    terminal.print(`removed the app ${printable(app, 64)} from ${printable(team, 64)}`)
    terminal.note('Slack lists it there until it is removed in the workspace, too')
  }
  return EXIT.ok
}
