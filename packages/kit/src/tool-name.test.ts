import { expect, test } from 'vitest'
import { publicName, splitName } from './tool-name.ts'

test.each(['', '_', '__', '__a', 'a', 'a_b', 'a_b_'])('%j names no server and tool', (name) => {
  expect(splitName(name)).toBe(undefined)
})

test.each([
  ['a__', { server: 'a', tool: '' }],
  ['a__b', { server: 'a', tool: 'b' }],
  ['a__b__c', { server: 'a', tool: 'b__c' }],
  ['a___b', { server: 'a', tool: '_b' }],
])('%s is split at its first separator [tools/name]', (name, parts) => {
  expect(splitName(name)).toEqual(parts)
  expect(publicName(parts.server, parts.tool)).toBe(name)
})
