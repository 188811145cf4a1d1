import { expect, test } from 'vitest'
import { gapsOf } from './tools.ts'

const AT = '2026-11-20T12:00:00.000Z'
const READY = { server: 'a', state: 'ready', tools: 2, at: AT }
const SEE = 'see `sallyport servers` for the reasons'

test.each([
  ['ready', 2, AT],
  ['ready', 0, AT],
  ['cold', 2, AT],
  ['cold', 0, AT],
  ['draining', 2, AT],
])('a server that is %s with %i tools leaves no gap', (state, tools, at) => {
  expect(gapsOf([{}], [READY, { server: 'b', state, tools, at }])).toEqual([])
})

test.each(['cold', 'starting', 'degraded', 'draining'])(
  'names a server that is %s and gave nothing [command/tools/partial]',
  (state) => {
    expect(gapsOf([{}], [READY, { server: 'b', state, tools: 0, at: null }])).toEqual([
      `b is ${state}: none of its tools are in the list`,
      `the list is partial: ${SEE}`,
    ])
  },
)

test('says from when the tools of a degraded server are [command/tools/partial]', () => {
  expect(gapsOf([{}], [{ server: 'b', state: 'degraded', tools: 1, at: AT }])).toEqual([
    `b is degraded: the list shows its 1 tool as of ${AT}`,
    `the list is partial: ${SEE}`,
  ])
})

test('says that there are no tools, and whether that is all', () => {
  expect(gapsOf([], [])).toEqual(['no tools: no server has any'])
  expect(gapsOf([], [{ server: 'b', state: 'degraded', tools: 0, at: null }])).toEqual([
    'b is degraded: none of its tools are in the list',
    `no tools: ${SEE}`,
  ])
})

test('prints what a gateway says of its servers without control characters', () => {
  const [line] = gapsOf([], [{ server: 'b\u001b[31m', state: 'cold\n', tools: 0, at: null }])
  expect(line).toBe('b is cold : none of its tools are in the list')
})
