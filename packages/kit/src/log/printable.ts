import { stripVTControlCharacters } from 'node:util'

// C0 and C1 controls, DEL, line and paragraph separators, and the marks that reorder text.
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- finding control characters is the point
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g
const BREAKS = /[\t\n\r\u0085\u2028\u2029]+/g

/**
 * Text from outside as one line that is safe on a terminal and in a log: escape sequences and control
 * characters are gone, line breaks and tabs are single spaces.
 *
 * @param charactersMax the length kept, at least 1; what is cut is marked with `…`
 */
export function printable(text: string, charactersMax: number): string {
  const safe = withoutControls(cut(text, charactersMax * 4).replace(BREAKS, ' '))
  return cut(safe, charactersMax, '…')
}

/**
 * As `printable`, keeping line breaks (as `\n`), for text shown to a person as a block.
 *
 * @param charactersMax the length kept over all lines
 */
export function printableLines(text: string, charactersMax: number): string {
  const lines = stripVTControlCharacters(text)
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => withoutControls(line.replaceAll('\t', '  ')))
  return cut(lines.join('\n'), charactersMax, '…')
}

/** Whether the text holds a character that `printable` would take out. */
export function hasControls(text: string): boolean {
  CONTROLS.lastIndex = 0
  return CONTROLS.test(text)
}

function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, '')
}

function cut(text: string, charactersMax: number, mark = ''): string {
  if (text.length <= charactersMax) return text
  const end = charactersMax - mark.length
  const last = text.charCodeAt(end - 1)
  // Half of a surrogate pair would print as a replacement character.
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? end - 1 : end) + mark
}
