import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import { ReadBench, ScriptedSlack, workspaceOf } from '../../test/fixtures/scripted-slack.ts'
import { kindOfFile, textOfMarkup } from './file-content.ts'
import { answerText, cleanText } from './untrusted.ts'

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0])

test.each([
  ['emoji and scripts that join', 'a\u200db नमस्\u200dते'],
  ['tabs and lines', 'a\tb\n  c'],
  ['accents and symbols', 'é ✓ 漢字 🎉'],
])('%s stay as they are', (_name, text) => {
  expect(cleanText(text)).toBe(text)
})

test.each([
  ['escape sequences', 'a\u001b[31mb', 'ab'],
  ['text in tags', 'a\u{e0068}\u{e0069}b', 'ab'],
  ['order of text', 'a\u202eb\u2066c', 'abc'],
  ['invisible spaces', 'a\u200bb\ufeffc\u2060d\u00ade', 'abcde'],
  ['lone surrogates', 'a\ud800b', 'a\ufffdb'],
  ['other ends of lines', 'a\r\nb\rc\u2028d\u0085e', 'a\nb\nc\nd\ne'],
])('%s are taken out of text [slack/reading/untrusted]', (_name, text, clean) => {
  expect(cleanText(text)).toBe(clean)
})

test('every answer has another fence', () => {
  const [one, other] = [answerText('x', ['y']), answerText('x', ['y'])]
  expect(one).not.toBe(other)
  expect(answerText('nothing', [])).toBe('nothing')
})

test.each([
  ['an image under the name of a text', PNG, 'text/plain', 'image'],
  ['markup under the name of an image', Buffer.from('<svg/>'), 'image/png', 'binary'],
  ['bytes under the name of a text', Buffer.from([0xff, 0xfe, 0x41]), 'text/plain', 'binary'],
  ['a text with a zero', Buffer.from('a\0b'), 'text/plain', 'binary'],
  ['json', Buffer.from('{}'), 'application/json', 'text'],
])('%s is taken for what it is [slack/reading/files]', (_name, bytes, type, kind) => {
  expect(kindOfFile(bytes, type).kind).toBe(kind)
})

test('of markup the text is kept, in lines, and nothing is run or hidden', () => {
  const page =
    '<h1>Plan</h1><script>steal()</script><p>a &lt;b&gt; &amp;amp;</p><ul><li>x</li></ul>'
  expect(textOfMarkup(page)).toBe('Plan\n\na <b> &amp;\n\nx')
  const started = performance.now()
  textOfMarkup('<'.repeat(200_000) + '<p '.repeat(50_000))
  expect(performance.now() - started).toBeLessThan(1_000)
})

function withFile(file: object): ReadBench {
  const slack = new ScriptedSlack()
  const known = { id: 'F00000001', name: 'a.txt', url_private: 'https://files.slack.com/a' }
  slack.on('files.info', () => ({ file: { ...known, ...file } }))
  slack.files.set('https://files.slack.com/a', {
    bytes: Buffer.from('x'.repeat(250_000)),
    mimeType: 'text/plain',
  })
  return new ReadBench([workspaceOf(slack)], undefined, { fileBytesMax: 300_000 })
}

test('a long text is read in parts, and a file over the limit is refused before it is brought [slack/reading/files]', async () => {
  const bench = withFile({ mimetype: 'text/plain', size: 250_000 })
  const args = { file_id: 'F00000001' }
  const first = await bench.run('slack_read_file', args)
  expect([first.structured.text.length, first.structured.next_offset]).toEqual([100_000, 100_000])
  const last = await bench.run('slack_read_file', { ...args, offset: 200_000 })
  expect([last.structured.text.length, last.structured.next_offset]).toEqual([50_000, undefined])
  const large = withFile({ mimetype: 'text/plain', size: 300_001 }).run('slack_read_file', args)
  await expect(large).rejects.toMatchObject({ code: 'result_too_large' })
  const gone = withFile({ mode: 'tombstone' }).run('slack_read_file', args)
  await expect(gone).rejects.toMatchObject({ code: 'slack_refused' })
})

test('a thread is read once through, its first message on the first page alone', async () => {
  const slack = new ScriptedSlack()
  const parent = { ts: '1700000000.000100', thread_ts: '1700000000.000100', text: 'parent' }
  const replies = Array.from({ length: 25 }, (_, index) => ({
    ts: `17000001${String(index).padStart(2, '0')}.000100`,
    thread_ts: parent.ts,
    text: `reply ${index}`,
  }))
  slack.on('conversations.replies', ({ limit, oldest = '0' }) => {
    const rest = replies.filter(({ ts }) => ts > String(oldest))
    const page = rest.slice(0, Number(limit) - 1)
    return { messages: [parent, ...page], has_more: page.length < rest.length }
  })
  const bench = new ReadBench([workspaceOf(slack)])
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const more = cursor === undefined ? {} : { cursor }
    const args = { channel_id: 'C00000001', thread_ts: parent.ts, limit: 7, ...more }
    const { structured } = await bench.run('slack_get_thread_replies', args)
    seen.push(...structured.messages.map(({ text }: { text: string }) => text))
    cursor = structured.next_cursor
  } while (cursor !== undefined)
  expect(seen).toEqual(['parent', ...replies.map(({ text }) => text)])
})

test.each([
  ['a private channel', { id: 'C00000002', is_private: true }],
  ['a direct message', { id: 'D00000002', is_private: false, is_im: true }],
  ['a group message', { id: 'C00000003', is_private: false, is_mpim: true }],
  ['what Slack says nothing of', { id: 'C00000004' }],
])('search leaves %s out unless it is allowed [slack/reading/search]', async (_name, channel) => {
  const slack = new ScriptedSlack()
  const matches = [{ ts: '1700000000.000100', text: 'secret', channel }]
  slack.on('search.messages', () => ({ messages: { matches, paging: { page: 1, pages: 1 } } }))
  const search = (searchPrivate: boolean): Promise<{ structured: Record<string, unknown> }> =>
    new ReadBench([workspaceOf(slack)], undefined, { searchPrivate }).run('slack_search_messages', {
      query: 'secret in:@ana',
    })
  expect((await search(false)).structured).toMatchObject({ searched: 'public', matches: [] })
  expect((await search(true)).structured).toMatchObject({ matches: [{ channel_id: channel.id }] })
})

test('unread messages are told channel by channel, and where Slack does not say what was read, that is said', async () => {
  const slack = new ScriptedSlack()
  const channels = ['C00000001', 'C00000002', 'C00000003'].map((id) => ({
    id,
    name: id.toLowerCase(),
  }))
  slack.on('users.conversations', () => ({ channels }))
  slack.on('conversations.info', ({ channel }) => ({
    channel: { id: channel, ...(channel !== 'C00000003' && { last_read: '1700000000.000000' }) },
  }))
  slack.on('conversations.history', ({ channel }) => ({
    messages: channel === 'C00000001' ? [{ ts: '1700000001.000100', text: 'news' }] : [],
  }))
  const { structured } = await new ReadBench([workspaceOf(slack)]).run('slack_get_unreads')
  expect(structured).toMatchObject({
    checked: 3,
    complete: true,
    unknown_channel_ids: ['C00000003'],
    channels: [{ channel: { id: 'C00000001' }, messages: [{ text: 'news' }] }],
  })
  expect(slack.calls.every(({ as }) => as === 'user')).toBe(true)
})

test('a message that consists of blocks shows their text, and names that cannot be looked up are left out', async () => {
  const slack = new ScriptedSlack()
  const rich = { type: 'rich_text', elements: [{ elements: [{ text: 'built ' }, { text: 'ok' }] }] }
  slack.on('conversations.history', () => ({
    messages: [{ ts: '1700000000.000100', user: 'U00000001', text: '', blocks: [rich] }],
  }))
  slack.on('users.info', () => {
    throw new AppError('slack_rate_limited', 'wait', { retryAfterMs: 60_000 })
  })
  const { structured } = await new ReadBench([workspaceOf(slack)]).run(
    'slack_get_channel_history',
    {
      channel_id: 'C00000001',
    },
  )
  expect(structured.messages[0]).toMatchObject({ text: 'built ok', author: { id: 'U00000001' } })
  expect(structured.messages[0].author.name).toBe(undefined)
})

test('an answer is cut where it gets too long, and the next one goes on after it', async () => {
  const slack = new ScriptedSlack()
  const all = Array.from({ length: 12 }, (_, index) => ({
    ts: `17000000${String(99 - index)}.000100`,
    text: 'x'.repeat(39_000),
  }))
  slack.on('conversations.history', ({ latest, limit }) => {
    const rest = all.filter(({ ts }) => ts < String(latest))
    return { messages: rest.slice(0, Number(limit)), has_more: rest.length > Number(limit) }
  })
  const bench = new ReadBench([workspaceOf(slack)])
  const args = { channel_id: 'C00000001', limit: 100, latest: '1800000000' }
  const first = await bench.run('slack_get_channel_history', args)
  expect([first.structured.messages.length, first.structured.complete]).toEqual([5, false])
  const cursor = first.structured.next_cursor
  const second = await bench.run('slack_get_channel_history', { ...args, cursor })
  expect(second.structured.messages[0].ts).toBe(all[5]?.ts)
})
