import { html, type Markup } from './markup.ts'

/** Text of evidence, what stands between backticks as code. */
export function prose(text: string): Markup {
  const parts = text.split('`')
  // With an odd number of backticks the last one opens nothing.
  const paired = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join('`')]
  return html`${paired.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

/** The same as a sentence: a remedy has neither a capital nor a full stop. */
export function sentence(text: string): Markup {
  const begun = text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase())
  return prose(/[.?!]$/.test(begun) ? begun : `${begun}.`)
}

/** An instant as `2026-11-20 12:00 UTC`; exact for programs. */
export function timeOf(instant: string): Markup {
  return html`<time datetime="${instant}">${clockOf(instant)}</time>`
}

/** The words of that. */
export function clockOf(instant: string): string {
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(instant) ?? []
  return day === undefined || clock === undefined ? instant : `${day} ${clock} UTC`
}
