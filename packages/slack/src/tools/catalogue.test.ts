import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  ALL_SCOPES,
  APP,
  ReadBench,
  ScriptedSlack,
  workspaceOf,
} from '../../test/fixtures/scripted-slack.ts'
import { grantAsked, grantOf, visibleTools } from './catalogue.ts'
import { everyTool } from './every-tool.ts'
import type { ScopeGrant } from './slack-tool.ts'

const TOOLS = everyTool()
/** No scope is needed for these. */
const ALWAYS = ['slack_list_workspaces', 'slack_get_permalink']
const READING = new ReadBench([]).tools

function names(grants: readonly ScopeGrant[], toolsets = ['read'] as const): string[] {
  return visibleTools(READING, toolsets, grants).map(({ tool }) => tool.name)
}

test('tools that no token can use are not listed [slack/reading/scopes]', () => {
  const some = { bot: ['groups:read', 'channels:history'], user: [] }
  expect(names([some])).toEqual([
    'slack_list_workspaces',
    'slack_list_channels',
    'slack_get_channel_info',
    'slack_list_channel_members',
    'slack_get_channel_history',
    'slack_get_thread_replies',
    ...ALWAYS.slice(1),
  ])
  expect(names([])).toEqual(ALWAYS)
  expect(names([{ bot: ['search:read'], user: [] }])).not.toContain('slack_search_messages')
  expect(names([some, { bot: [], user: ['search:read'] }])).toContain('slack_search_messages')
})

test('only the toolsets that are on are listed', () => {
  const { installation } = workspaceOf(new ScriptedSlack())
  const all = names([grantOf(installation)])
  expect(all).toContain('slack_get_unreads')
  expect(all).not.toContain('slack_read_file')
})

test('with nothing installed the scopes decide that the app asks for [slack/reading/scopes]', () => {
  const asked = grantAsked({ ...APP, scopes: ['emoji:read'], userScopes: [] })
  expect(names([asked])).toEqual([...ALWAYS, 'slack_list_emoji'])
  expect(ALL_SCOPES).not.toContain('search:read')
})

test('every tool has a name clients take, a title, a description, all four hints, and one that reads says what each argument is', () => {
  const wrong = TOOLS.flatMap(({ tool }) => {
    const schema = z.toJSONSchema(tool.input, { io: 'input' })
    const described =
      !tool.hints.readOnlyHint ||
      Object.entries(schema.properties ?? {}).every(([, property]) => {
        return typeof property === 'object' && (property.description ?? '').length > 10
      })
    const output = z.toJSONSchema(tool.output)
    const isWhole =
      /^slack_[a-z_]{3,50}$/.test(tool.name) &&
      tool.title.length > 5 &&
      tool.description.length > 15 &&
      Object.values(tool.hints).filter((hint) => typeof hint === 'boolean').length === 4 &&
      schema.additionalProperties === false &&
      output.type === 'object'
    return isWhole && described ? [] : [tool.name]
  })
  expect(wrong).toEqual([])
  expect(new Set(TOOLS.map(({ tool }) => tool.name)).size).toBe(TOOLS.length)
})
