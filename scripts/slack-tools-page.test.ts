import { everyTool } from '@sallyport/slack/tools'
import { expect, test } from 'vitest'
import { slackToolsPage } from './slack-tools-page.ts'

test('the page tells of every tool, its scopes and each of its arguments [slack/reading/documented]', () => {
  const tools = everyTool()
  const page = slackToolsPage(tools)
  const missing = tools.flatMap(({ tool, needs }) => {
    const scopes = needs.flatMap(({ anyOf }) => anyOf.map((scope) => `\`${scope}\``))
    const [row = ''] = page.split('\n').filter((line) => line.startsWith(`| [\`${tool.name}\`]`))
    const part = page.split(`\n### ${tool.name}\n`)[1]?.split('\n### ')[0] ?? ''
    const isTold = part.includes(tool.title) && scopes.every((scope) => row.includes(scope))
    return isTold ? [] : [tool.name]
  })
  expect(missing).toEqual([])
  expect(page).toContain('| `cursor` | string |')
  expect(page).toContain('| `limit` | integer 1 to 1000 |')
})
