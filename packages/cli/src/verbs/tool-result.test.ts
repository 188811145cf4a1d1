import { hasControls } from '@sallyport/kit/log'
import { expect, test } from 'vitest'
import { formatResult } from './tool-result.ts'

const URI = 'file:///notes.md'

test.each([
  ['text', [{ type: 'text', text: 'one\ntwo' }], 'one\ntwo'],
  [
    'blocks',
    [
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ],
    'one\ntwo',
  ],
  [
    'an embedded text',
    [{ type: 'resource', resource: { uri: URI, mimeType: 'text/markdown', text: '# a\nb' } }],
    `(resource text/markdown ${URI})\n# a\nb`,
  ],
  [
    'an embedded text of no type that is empty',
    [{ type: 'resource', resource: { uri: URI, text: '' } }],
    `(resource ${URI})\n`,
  ],
  [
    'an embedded blob',
    [{ type: 'resource', resource: { uri: URI, mimeType: 'image/png', blob: 'AAAA' } }],
    `(resource image/png ${URI}, 4 characters of base64)`,
  ],
  [
    'a link',
    [{ type: 'resource_link', uri: URI, name: 'notes', mimeType: 'text/markdown' }],
    `(resource_link text/markdown ${URI})`,
  ],
  [
    'an image',
    [{ type: 'image', mimeType: 'image/png', data: 'AAAA' }],
    '(image image/png, 4 characters of base64)',
  ],
  ['a resource without any', [{ type: 'resource' }], '(resource)'],
  ['a resource of another shape', [{ type: 'resource', resource: 'x' }], '(resource)'],
  ['fields of another shape', [{ type: 'resource', resource: { uri: 1, text: {} } }], '(resource)'],
  ['no block', [null], '(an unknown block)'],
  ['nothing', [], '(no content)'],
])('a result of %s is printed [command/call/text]', (_what, content, printed) => {
  expect(formatResult({ content })).toBe(printed)
})

test('a result without content is printed as its structured content', () => {
  expect(formatResult({ structuredContent: { a: 1 } })).toBe('{\n  "a": 1\n}')
})

test('nothing of a result reaches a terminal with control characters [command/call/text]', () => {
  const nasty = 'a\u001b[31mb\u0007c\u009bd'
  const resource = { uri: `${nasty}\n/`, mimeType: nasty, text: `${nasty}\nnext` }
  const link = { type: 'resource_link', uri: `${nasty}\n/` }
  const printed = formatResult({
    content: [{ type: 'resource', resource }, link, { type: nasty }, { type: 'text', text: nasty }],
  })
  expect(printed.split('\n').filter(hasControls)).toEqual([])
  // Of the six lines only a text has two: no head breaks.
  expect(printed.split('\n').length).toBe(6)
})
