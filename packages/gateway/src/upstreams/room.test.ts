import { CALLER } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { chooseToEnd, hasRoom, type Occupied } from './room.ts'
import { createSlot, type Slot } from './slot.ts'

const room = { sessionsMax: 4, sessionsPerGroup: 2 }
const principal = {
  id: 'a',
  kind: 'key',
  name: 'a',
  ...CALLER,
} as const

function occupied(
  slots: readonly [key: string, group: string, usedAtMs: number][],
  ending: string[] = [],
): Occupied {
  return {
    slots: slots.map(([key, group, ms]) => createSlot({ key, group, asker: { principal } }, ms)),
    ending,
  }
}

const all = (): boolean => true
const keys = (slots: readonly Slot[]): string[] => slots.map(({ key }) => key)

test.each([
  ['nothing is open', occupied([]), true],
  ['the group has one', occupied([['1', 'a', 0]]), true],
  [
    'the group has its share',
    occupied([
      ['1', 'a', 0],
      ['2', 'a', 0],
    ]),
    false,
  ],
  ['one of its share is ending', occupied([['1', 'a', 0]], ['a']), false],
  [
    'others have theirs',
    occupied([
      ['1', 'b', 0],
      ['2', 'b', 0],
      ['3', 'c', 0],
    ]),
    true,
  ],
  [
    'the server has all it may',
    occupied(
      [
        ['1', 'b', 0],
        ['2', 'b', 0],
        ['3', 'c', 0],
      ],
      ['c'],
    ),
    false,
  ],
])('room for one more when %s is judged', (_case, taken, expected) => {
  expect(hasRoom(room, taken, 'a')).toBe(expected)
})

const full = occupied([
  ['1', 'a', 30],
  ['2', 'a', 20],
  ['3', 'b', 10],
  ['4', 'c', 40],
])

test.each([
  ['a group beyond its share gives its own oldest', full, ['a'], ['2']],
  ['another gives the oldest of all', full, ['d'], ['3']],
  ['two that wait get one each', full, ['d', 'e'], ['3', '2']],
  [
    'one that waits for what is ending gets nothing more',
    occupied([['1', 'a', 0]], ['b', 'c', 'd']),
    ['e'],
    [],
  ],
  [
    'what ends of another group is no help to a full one',
    occupied(
      [
        ['1', 'a', 1],
        ['2', 'a', 2],
      ],
      ['b'],
    ),
    ['a'],
    ['1'],
  ],
  [
    'what ends of its own is',
    occupied(
      [
        ['1', 'a', 1],
        ['2', 'a', 2],
      ],
      ['a'],
    ),
    ['a'],
    [],
  ],
])('of those that leave, %s', (_case, taken, waiting, expected) => {
  expect(keys(chooseToEnd(room, taken, waiting, all))).toEqual(expected)
})

test('nobody leaves who is not idle', () => {
  expect(chooseToEnd(room, full, ['a', 'd'], () => false)).toEqual([])
})
