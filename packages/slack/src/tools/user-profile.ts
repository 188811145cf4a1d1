import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { slackUser, toPersonEntry } from '../directory/people-directory.ts'
import { teamArgument, userArgument } from './arguments.ts'
import { personLine, personOutput, presentTexts, toPerson } from './person-output.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

const input = z.strictObject({ team_id: teamArgument, user_id: userArgument })

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  user: personOutput.extend({
    phone: z.string().optional(),
    time_zone: z.string().optional(),
    status: z.string().optional(),
    status_emoji: z.string().optional(),
  }),
})

const reply = z.object({ user: slackUser })

/** Describes one person. */
export function userProfile(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_user_profile',
    title: 'Describe a Slack user',
    description:
      'Describes one person or app of a Slack workspace: names, title, status, time zone, and the email address where the app may read it.',
    needs: [{ as: 'bot', anyOf: ['users:read'] }],
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
  { directories: { people } }: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const id = await people.resolve(call.workspace, given.user_id, call.signal)
  const { user: found } = await call.ask('users.info', { user: id }, reply)
  people.learn(call.workspace, [toPersonEntry(found)])
  const person = toPerson(found)
  const more = presentTexts({
    phone: found.profile?.phone,
    time_zone: found.tz,
    status: found.profile?.status_text,
    status_emoji: found.profile?.status_emoji,
  })
  const lines = Object.entries(more).map(([name, value]) => `${name}: ${value}`)
  return {
    structured: { notice: NOTICE, team_id: call.team, user: { ...person, ...more } },
    text: answerText(`User ${id} of ${call.team}.`, [personLine(person), ...lines]),
  }
}
