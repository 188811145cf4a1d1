import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { printable } from '@sallyport/kit/log'

const TEXT_CHARACTERS_MAX = 200

/** A page of one card. All its texts are plain: they are escaped here and nowhere else. */
export interface Page {
  readonly status: number
  readonly isGood: boolean
  readonly title: string
  readonly paragraphs: readonly string[]
  /** What is worth copying. */
  readonly facts?: readonly { readonly name: string; readonly value: string }[]
  /** A way on, to a path of ours. */
  readonly link?: { readonly text: string; readonly path: string }
  readonly retryAfterMs?: number
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2330; --soft: #566074; --line: #d9dee7; --card: #fff;
  --back: #f3f5f9; --good: #147a4b; --bad: #b3261e; --link: #1a56c4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a3adbf; --line: #343c4c;
  --card: #1b2130; --back: #11151f; --good: #4cc38a; --bad: #ff8a80; --link: #8ab4ff } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--back); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { width: 100%; max-width: 34rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-top: 4px solid var(--bad); border-radius: .5rem }
main.good { border-top-color: var(--good) }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere }
p { margin: 0 0 .75rem; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1rem; margin: 1.25rem 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
code { font: .95em ui-monospace, monospace; user-select: all }
a { color: var(--link) }
footer { margin-top: 1.5rem; color: var(--soft); font-size: .85rem }
`

/**
 * Nothing but the one style sheet: no script, no frame, no form, no request to anywhere.
 *
 * Source: W3C, "Content Security Policy Level 3".
 */
const CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': CSP,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // The address of a page may hold a code and a state.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
}

/** Sends a page. */
export function sendPage(res: ServerResponse, page: Page, requestId: string): void {
  const body = toHtml(page, requestId)
  setHeaders(res, requestId)
  res.statusCode = page.status
  res.setHeader('content-type', 'text/html; charset=utf-8')
  res.setHeader('content-length', Buffer.byteLength(body))
  if (page.retryAfterMs !== undefined) {
    res.setHeader('retry-after', Math.max(1, Math.ceil(page.retryAfterMs / 1_000)))
  }
  res.end(body)
}

/** Sends the browser on. Headers that were set before are kept. */
export function sendOn(res: ServerResponse, location: string, requestId: string): void {
  setHeaders(res, requestId)
  res.statusCode = 302
  res.setHeader('location', location)
  res.setHeader('content-length', 0)
  res.end()
}

function setHeaders(res: ServerResponse, requestId: string): void {
  for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value)
  res.setHeader('x-request-id', requestId)
}

function toHtml(page: Page, requestId: string): string {
  const title = escapeText(page.title)
  const facts = (page.facts ?? []).map(
    ({ name, value }) => `<dt>${escapeText(name)}</dt><dd><code>${escapeText(value)}</code></dd>`,
  )
  const { link } = page
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head>`,
    `<body><main${page.isGood ? ' class="good"' : ''}>`,
    `<h1>${title}</h1>`,
    ...page.paragraphs.map((text) => `<p>${escapeText(text)}</p>`),
    ...(facts.length === 0 ? [] : ['<dl>', ...facts, '</dl>']),
    ...(link === undefined
      ? []
      : [`<p><a href="${escapeText(link.path)}">${escapeText(link.text)}</a></p>`]),
    `<footer>Sallyport · request ${escapeText(requestId)}</footer>`,
    '</main></body></html>',
    '',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for HTML, in content and in quoted attributes; without characters that steer or reorder what is shown. */
export function escapeText(text: string): string {
  return printable(text, TEXT_CHARACTERS_MAX).replace(
    /[&<>"']/g,
    (character) => ENTITIES[character] ?? '',
  )
}
