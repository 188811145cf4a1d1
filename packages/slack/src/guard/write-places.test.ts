import { expect, test } from 'vitest'
import { parseChannelRef } from './channel-ref.ts'
import { WritePlaces } from './write-places.ts'

const only = (...channels: string[]) => new WritePlaces({ kind: 'only', channels })
const except = (...channels: string[]) => new WritePlaces({ kind: 'except', channels })
const verdict = (places: WritePlaces, place: string) => places.judge(parseChannelRef(place))

test.each([
  ['nothing', new WritePlaces({ kind: 'none' }), 'C0000BOTS', 'refused'],
  ['a listed id', only('C0000BOTS'), 'C0000BOTS', 'allowed'],
  ['another id', only('C0000BOTS'), 'C000GENERAL', 'refused'],
  ['a listed name', only('bots'), '#Bots', 'allowed'],
  ['another name', only('bots'), 'general', 'refused'],
  ['an id where names are listed', only('bots'), 'C000GENERAL', 'unsure'],
  ['a name where ids are listed', only('C0000BOTS'), 'general', 'unsure'],
  ['a person where channels are', only('C0000BOTS', 'bots'), 'U0000ANNA', 'refused'],
  ['a direct message where channels are', only('C0000BOTS', 'bots'), 'D0000ANNA', 'refused'],
  ['a listed person', only('U0000ANNA'), '<@U0000ANNA>', 'allowed'],
  ['a direct message where people are', only('U0000ANNA'), 'D00000BEN', 'unsure'],
  ['a person where direct messages are', only('D0000ANNA'), 'U00000BEN', 'unsure'],
  ['a denied id', except('C000GENERAL'), '<#C000GENERAL|general>', 'refused'],
  ['a denied name', except('general'), 'GENERAL', 'refused'],
  ['an id that may be denied', except('general'), 'C000GENERAL', 'unsure'],
  ['an id that is not', except('C000GENERAL'), 'C0000BOTS', 'unsure'],
  ['an id where none is denied', except('U0000ANNA'), 'C0000BOTS', 'allowed'],
  ['a direct message beside a denied one', except('D0000ANNA'), 'D00000BEN', 'unsure'],
  ['a denied person', except('U0000ANNA'), '@U0000ANNA', 'refused'],
  ['a person beside denied channels', except('general'), 'U0000ANNA', 'allowed'],
  ['everything', except(), 'C000GENERAL', 'allowed'],
] as const)('%s: %o judges %s as %s [slack/write/places]', (_case, places, place, expected) => {
  expect(verdict(places, place)).toBe(expected)
})

test('what is known of a place is held against ids, names and people', () => {
  const anna = { id: 'D0000ANNA', name: null, user: 'U0000ANNA' }
  const general = { id: 'C000GENERAL', name: 'General', user: null }
  const listed = ['general', 'U0000ANNA']
  expect([only(...listed).allows(anna), only(...listed).allows(general)]).toEqual([true, true])
  expect([except(...listed).allows(anna), except(...listed).allows(general)]).toEqual([
    false,
    false,
  ])
  expect(only('bots').allows(general)).toBe(false)
})

test.each(['', '#', 'two words', '@anna', 'a/b', 'C1;drop', '<!channel>', 'x'.repeat(81)])(
  '%j is no place',
  (text) => {
    expect(() => parseChannelRef(text)).toThrow(
      expect.objectContaining({ code: 'request_invalid', outcome: 'not_sent' }),
    )
  },
)
