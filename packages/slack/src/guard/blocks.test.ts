import { expect, test } from 'vitest'
import { guardBlocks } from './blocks.ts'

const GAP = '@\u200b'
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })
const rich = (...elements: unknown[]) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements }],
})

test('mentions of everybody are words in every text of blocks, and in rich text [slack/write/mentions]', () => {
  const blocks = [
    section('<!channel> look'),
    { type: 'header', text: { type: 'plain_text', text: '@here' } },
    { type: 'markdown', text: '**<!everyone>**' },
    {
      type: 'context',
      elements: [{ type: 'mrkdwn', text: '<!subteam^S1|@all>', verbatim: false }],
    },
    rich(
      { type: 'broadcast', range: 'channel', style: { bold: true } },
      { type: 'usergroup', usergroup_id: 'S012' },
      { type: 'user', user_id: 'U1' },
      { type: 'user', user_id: 'S012' },
      { type: 'text', text: '<!here>' },
    ),
  ]
  expect(guardBlocks(blocks)).toEqual([
    {
      type: 'section',
      text: { type: 'mrkdwn', text: `${GAP}channel look`, verbatim: true },
    },
    { type: 'header', text: { type: 'plain_text', text: `${GAP}here` } },
    { type: 'markdown', text: `**${GAP}everyone**` },
    { type: 'context', elements: [{ type: 'mrkdwn', text: `${GAP}all`, verbatim: true }] },
    rich(
      { type: 'text', text: `${GAP}channel`, style: { bold: true } },
      { type: 'text', text: `${GAP}S012` },
      { type: 'user', user_id: 'U1' },
      { type: 'text', text: `${GAP}S012` },
      { type: 'text', text: `${GAP}here` },
    ),
  ])
})

test.each([
  ['buttons', { type: 'actions', elements: [{ type: 'button' }] }],
  ['a field to type into', { type: 'input', element: { type: 'plain_text_input' } }],
  ['a button beside text', { ...section('x'), accessory: { type: 'button', value: 'approve' } }],
  ['a video', { type: 'video', video_url: 'https://example.com/' }],
  ['no type', { text: { type: 'mrkdwn', text: 'x' } }],
  ['a list for a block', []],
  ['a type that is no text', { type: ['section'] }],
])('%s is refused [slack/write/blocks]', (_case, block) => {
  expect(() => guardBlocks([section('fine'), block])).toThrow(
    expect.objectContaining({
      code: 'request_invalid',
      message: expect.stringContaining('blocks[1]'),
    }),
  )
})

test('pictures are files of Slack, never fetched from elsewhere [slack/write/previews]', () => {
  const file = { type: 'image', slack_file: { id: 'F012' }, alt_text: 'chart' }
  expect(guardBlocks([file])).toEqual([file])
  const address = { type: 'image', image_url: 'https://example.com/?secret=1', alt_text: 'x' }
  expect(() => guardBlocks([address])).toThrow(/image_url would be fetched/)
  expect(() => guardBlocks([{ ...section('x'), accessory: address }])).toThrow(/image_url/)
})

test('blocks that are too many or too deep are refused [slack/write/length]', () => {
  expect(() => guardBlocks(Array.from({ length: 51 }, () => section('x')))).toThrow(/at most 50/)
  let deep: unknown = 'x'
  for (let depth = 0; depth < 20; depth += 1) deep = { nested: deep }
  expect(() => guardBlocks([{ type: 'section', deep }])).toThrow(/too deep/)
})

test('a member named __proto__ is refused', () => {
  expect(() =>
    guardBlocks([JSON.parse('{"type":"section","__proto__":{"type":"actions"}}')]),
  ).toThrow(/no meaning/)
})
