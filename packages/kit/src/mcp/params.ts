import type { Message, Range } from './message.ts'
import { listMembers } from './scan.ts'

/** Where a member of a nested object lies, by the names on the way; undefined when it is not there. */
export function findMember(bytes: Buffer, within: Range, ...path: string[]): Range | undefined {
  let range = within
  for (const name of path) {
    const member = listMembers(bytes, range).find(({ key }) => key === name)
    if (!member) return undefined
    range = { start: range.start + member.valueStart, end: range.start + member.end }
  }
  return range
}

/** The JSON text of one member of `params`; undefined when absent. */
export function paramText({ bytes, params }: Message, key: string): string | undefined {
  const range = findMember(bytes, params, key)
  return range && bytes.toString('utf8', range.start, range.end)
}
