import { expect, test } from 'vitest'
import { neutraliseMentions, plainText } from './mentions.ts'

const GAP = '@\u200b'

test.each([
  ['<!channel> hello', `${GAP}channel hello`],
  ['<!here|here>', `${GAP}here`],
  ['<!EVERYONE|all of you>', `${GAP}everyone`],
  ['< ! channel >', `${GAP}channel`],
  ['<!\tchannel>', `${GAP}channel`],
  ['<!group>', `${GAP}group`],
  ['<!subteam^S012ABC|@oncall>', `${GAP}oncall`],
  ['<!subteam^S012ABC>', `${GAP}S012ABC`],
  ['<!subteam^S012ABC|>', `${GAP}S012ABC`],
  // Commands that Slack may learn, and unfinished ones.
  ['<!team>', '&lt;!team>'],
  ['<!channel', '&lt;!channel'],
  ['<!date>', '&lt;!date>'],
  ['<@S012ABC>', '&lt;@S012ABC>'],
  ['<@channel>', `&lt;${GAP}channel>`],
  // What is left after one is taken out is no new one.
  ['<<!here>!channel>', `&lt;${GAP}here!channel>`],
  ['<!chan<!here>nel>', `&lt;!chan${GAP}herenel>`],
  ['<!date^1^<!here>>', `<!date^1^${GAP}here>`],
  // Words that Slack reads names from.
  ['@channel, @here and @everyone!', `${GAP}channel, ${GAP}here and ${GAP}everyone!`],
  ['(@Here)', `(${GAP}Here)`],
  ['_@here_, -@channel and well.@everyone', `_${GAP}here_, -${GAP}channel and well.${GAP}everyone`],
])('%j mentions nobody any more [slack/write/mentions]', (text, expected) => {
  expect(neutraliseMentions(text)).toBe(expected)
})

test.each([
  'ask <@U012ABC> or <@W012ABC|anna> in <#C012ABC|bots>',
  '<!date^1392734382^{date}|some day>',
  'a < b && c > d, <https://example.com|docs>',
  'me@here.com, https://example.com/@channel and @hereabouts',
  '&lt;!channel&gt;',
])('%j stays as it is', (text) => {
  expect(neutraliseMentions(text)).toBe(text)
})

test('control characters go, lines and tabs stay, broken text is mended', () => {
  expect(plainText('a\r\nb\tc\u0000\u001b[31m\u009b\ud800')).toBe('a\nb\tc[31m\ufffd')
})

test('a control character within a mention does not hide it', () => {
  expect(plainText('<\u0000!chan\u0007nel>')).toBe(`${GAP}channel`)
})

test.each(['<', '<!', '<!subteam^S1|', '< !', '<@', '<!date^1^', '@', '<!channel|', '\t'])(
  'a text of nothing but %j takes no time to speak of',
  (part) => {
    const startMs = performance.now()
    for (const text of [
      part.repeat(20_000),
      part + ' '.repeat(60_000),
      part + '\t'.repeat(60_000),
    ]) {
      plainText(text)
    }
    expect(performance.now() - startMs).toBeLessThan(1_000)
  },
)
