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

/** The text of a range; undefined when absent. */
export function rangeText(bytes: Buffer, range: Range): string | undefined {
  return range.start === -1 ? undefined : bytes.toString('utf8', range.start, range.end)
}

/** The members of a JSON object's text, as texts; none when it is no object. */
export function memberTexts(text: string | undefined): Map<string, string> {
  if (text === undefined) return new Map()
  const bytes = Buffer.from(text)
  const members = listMembers(bytes, { start: 0, end: bytes.length })
  return new Map(
    members.map(({ key, valueStart, end }) => [key, bytes.toString('utf8', valueStart, end)]),
  )
}

/** The text of an object with these members. */
export function objectText(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join()}}`
}

/** The value of a JSON string's text; undefined for any other JSON. */
export function parseText(text: string | undefined): string | undefined {
  if (text === undefined || !text.startsWith('"')) return undefined
  const value: unknown = JSON.parse(text)
  return typeof value === 'string' ? value : undefined
}
