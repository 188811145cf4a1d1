import { expect, test } from 'vitest'
import { eventData } from './event-data.ts'

test('drops an event that the stream ended before its blank line', () => {
  expect(eventData('data: 1\n\ndata: 2\n')).toEqual(['1'])
})

test('drops comments, names and ids, and joins the lines of one event', () => {
  expect(eventData(': hi\nevent: message\nid: 7\ndata: {"a":\ndata: 1}\n\ndata:2\r\n\r\n')).toEqual(
    ['{"a":\n1}', '2'],
  )
})
