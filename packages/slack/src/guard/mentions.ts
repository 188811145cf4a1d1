/** Between the sign and the word: nothing to see, and no mention. */
const GAP = '@\u200b'
/** `<!here>`, `<!channel|label>`; `group` is the old name of `channel`. */
const BROADCAST = /<\s*!\s*(here|channel|everyone|group)\s*(?:\|[^<>]*)?>/giu
/** `<!subteam^S123|@label>`: all people of a user group. */
const GROUP = /<\s*!\s*subteam\s*\^\s*([A-Za-z0-9]{1,30})\s*(?:\|([^<>]*))?>/giu
/** Any other command than a date, whole or not. */
const COMMAND = /<(?=\s*!(?!date\^\d{1,12}\^[^<>]*>))/gu
/** A mention of something else than a person. */
const OTHER = /<(?=\s*@(?![UW][A-Z0-9]{1,30}(?:\|[^<>]*)?>))/gu
/** Words that Slack turns into mentions where it reads names in plain text; not in addresses, but in `_italics_`. */
const BARE = /(?<![\p{L}\p{N}/+])@(?=(?:here|channel|everyone|group)(?![\p{L}\p{N}-]))/giu
/** Line ends and tabs are text. */
const CONTROL = /[^\P{Cc}\n\t]/gu

/**
 * The text with every mention of a whole channel, workspace or user group turned into words that notify nobody;
 * mentions of single people, channels, links and dates stay.
 *
 * Source: Slack, "Formatting text for app surfaces", "Advanced formatting".
 */
export function neutraliseMentions(text: string): string {
  if (!text.includes('@') && !text.includes('<')) return text
  return text
    .replaceAll(BROADCAST, (_, word: string) => GAP + word.toLowerCase())
    .replaceAll(GROUP, (_, id: string, label = '') => GAP + (nameIn(label) || id))
    .replaceAll(COMMAND, '&lt;')
    .replaceAll(OTHER, '&lt;')
    .replaceAll(BARE, GAP)
}

/** The text without control characters, and with mentions neutralised. */
export function plainText(text: string): string {
  return neutraliseMentions(text.replaceAll('\r\n', '\n').replaceAll(CONTROL, '').toWellFormed())
}

/** What stands behind the sign. */
function nameIn(label: string): string {
  return label.trim().replace(/^@/, '').trim()
}
