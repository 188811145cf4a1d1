import { defineTool } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import type { SlackContext, Workspace } from './slack-context.ts'
import { READS, type SlackTool } from './slack-tool.ts'
import { answerText, cleanLine, NOTICE } from './untrusted.ts'

const input = z.strictObject({})

const output = z.strictObject({
  notice: z.string(),
  workspaces: z.array(
    z.strictObject({
      team_id: z.string().meta({ description: 'Pass as team_id to other tools.' }),
      name: z.string(),
      app: z.string().meta({ description: 'Name of the Slack app that is installed there.' }),
      state: z
        .enum(['active', 'reinstall', 'removed'])
        .meta({ description: 'reinstall: the app must be installed again before it can be used.' }),
      bot_user_id: z.string(),
      bot_scopes: z.array(z.string()),
      user_scopes: z
        .array(z.string())
        .meta({ description: 'Scopes of who installed it, such as search:read; empty = none.' }),
    }),
  ),
})

/** Lists the workspaces that the caller may use, without asking Slack. */
export function listWorkspaces(): SlackTool {
  return {
    toolset: 'read',
    needs: [],
    tool: defineTool<SlackContext, z.output<typeof input>, z.output<typeof output>>({
      name: 'slack_list_workspaces',
      title: 'List Slack workspaces',
      description:
        'Lists the Slack workspaces you can use, with the team_id to pass to other tools and what the app may do there. Answers from what is known here, without asking Slack.',
      hints: { ...READS, openWorldHint: false },
      input,
      output,
      run: async (_given, { workspaces }) => {
        const listed = workspaces.map(toWorkspace)
        const lines = listed.map(({ team_id: team, name, state }) => `${team} ${name} (${state})`)
        const text = answerText(`${listed.length} workspaces.`, lines)
        return { structured: { notice: NOTICE, workspaces: listed }, text }
      },
    }),
  }
}

function toWorkspace({ installation }: Workspace): z.output<typeof output>['workspaces'][number] {
  return {
    team_id: installation.team,
    name: cleanLine(installation.teamName),
    app: installation.app,
    state: installation.state,
    bot_user_id: installation.botUser,
    bot_scopes: [...installation.botScopes],
    user_scopes: [...(installation.user?.scopes ?? [])],
  }
}
