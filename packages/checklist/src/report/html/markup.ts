/** HTML that is safe to put into a page. */
export class Markup {
  readonly text: string

  /** @param text markup, which is taken as it is */
  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: text is escaped, markup is not, nothing is nothing. */
export type Piece = string | number | Markup | readonly Piece[] | undefined | false

/** Markup with everything put into it escaped, for text and for quoted attributes. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const text = withoutIndents(parts)
    .map((part, at) => part + rendered(pieces[at]))
    .join('')
  return new Markup(text)
}

const kept = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The source is indented for whoever reads it; a page of hundreds of items is not. */
function withoutIndents(parts: TemplateStringsArray): readonly string[] {
  const known = kept.get(parts)
  if (known !== undefined) return known
  const own = parts.map((part) => part.replace(/\n\s+/g, '\n'))
  kept.set(parts, own)
  return own
}

function rendered(piece: Piece): string {
  if (piece === undefined || piece === false) return ''
  if (piece instanceof Markup) return piece.text
  if (typeof piece === 'string') return escapeHtml(piece)
  if (typeof piece === 'number') return String(piece)
  return piece.map(rendered).join('')
}

/** Source: WHATWG HTML, "Serializing HTML fragments", "escaping a string", and the single quote. */
function escapeHtml(text: string): string {
  return text.toWellFormed().replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
