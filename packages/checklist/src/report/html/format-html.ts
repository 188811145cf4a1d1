import { createHash } from 'node:crypto'
import { type Report, SEEDS } from '@sallyport/contract/checklist'
import { countsBySeed } from '../groups.ts'
import {
  PROFILE_WORDS,
  SEED_TITLES,
  STATE_SHOWN,
  STATES_SHOWN,
  verdictOf,
  type Verdict,
} from '../words.ts'
import { clockOf, timeOf } from './prose.ts'
import { html, Markup } from './markup.ts'
import { peoplePages } from './people-pages.ts'
import { SCRIPT } from './script.ts'
import { type Page, seedPage } from './seed-page.ts'
import { STYLE } from './style.ts'
import { workPages } from './work-pages.ts'

/**
 * A report as one HTML file that needs nothing else: what fails first, a page for each document in its order, the
 * drill calendar, attestations and sign-offs. It says by itself that nothing may be loaded or sent.
 */
export function formatHtml(report: Report): string {
  const documents = SEEDS.flatMap((seed) => seedPage(report, seed) ?? [])
  const groups = [
    { name: 'To do', pages: [overviewOf(report), ...workPages(report)] },
    { name: 'Documents', pages: documents },
    { name: 'Record', pages: peoplePages(report) },
  ].filter(({ pages }) => pages.length > 0)
  const pages = groups.flatMap((group) => group.pages)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy()}" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>Production checklist of ${report.environment}: ${verdictOf(report).word}</title>
        ${new Markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#failed">Skip to what fails</a>
        ${headerOf(report)}
        <div class="frame">
          <nav class="contents" aria-label="Pages">
            ${groups.map(
              ({ name, pages: own }) =>
                html`<p>${name}</p>
                  <ul>
                    ${own.map(linkOf)}
                  </ul>`,
            )}
          </nav>
          <main>
            ${pages.map((page, at) => pageOf(page, { before: pages[at - 1], after: pages[at + 1] }))}
            ${footerOf(report)}
          </main>
        </div>
        ${new Markup(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text
}

/** Nothing is loaded, sent or framed; the style and the script of this page and no other run. */
function policy(): string {
  const hashOf = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  return `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`
}

function headerOf(report: Report): Markup {
  const { environment, profile, version, endedAt, only } = report
  const about = [
    `Run ${PROFILE_WORDS[profile]}`,
    `Sallyport ${version}`,
    `at ${clockOf(endedAt)}`,
  ].join(', ')
  const verdict = verdictOf(report)
  return html`<header>
    <h1>Production checklist of ${environment}</h1>
    <p class="about">
      ${about}.${only === undefined ? '' : ` Confined to ${only.join(', ')}: the other items were not looked at.`}
    </p>
    <p class="verdict ${STATE_OF[verdict.word]}">
      <b
        ><span aria-hidden="true">${STATE_SHOWN[STATE_OF[verdict.word]].sign}</span>
        ${verdict.word.toUpperCase()}</b
      >
      ${capital(verdict.sentence)}.
    </p>
  </header>`
}

const STATE_OF = {
  passed: 'proved',
  failed: 'failed',
  unproved: 'unproved',
} as const satisfies Record<Verdict['word'], string>

function overviewOf(report: Report): Page {
  const head = STATES_SHOWN.map(
    (state) => html`<th scope="col">${capital(STATE_SHOWN[state].word)}</th>`,
  )
  const rows = countsBySeed(report).map(
    ({ seed, all, counts }) =>
      html`<tr>
        <th scope="row"><a href="#${seed}">${SEED_TITLES[seed]}</a></th>
        <td>${all}</td>
        ${STATES_SHOWN.map((state) => countOf(counts[state]))}
      </tr> `,
  )
  const total = html`<tr>
    <th scope="row">All</th>
    <td>${report.items.length}</td>
    ${STATES_SHOWN.map((state) => countOf(report.summary[state]))}
  </tr>`
  return {
    ...{ anchor: 'overview', title: 'Overview', count: undefined },
    body: html`${barOf(report)}
      <div class="wide counts" tabindex="0" role="region" aria-label="Counts">
        <table>
          <thead>
            <tr>
              <th scope="col">Document</th>
              <th scope="col">Items</th>
              ${head}
            </tr>
          </thead>
          <tbody>
            ${rows}${total}
          </tbody>
        </table>
      </div>
      <p>
        Proved: a program saw it in this run. Attested: a named person stands for it until a date.
        Unproved: nobody knows, which does not pass.
      </p>
      ${filterOf()}`,
  }
}

function countOf(count: number): Markup {
  return count === 0 ? html`<td class="zero">0</td>` : html`<td>${count}</td>`
}

/** How the states share the items; the numbers stand in the table below it. */
function barOf({ summary, items }: Report): Markup | undefined {
  if (items.length === 0) return undefined
  let at = 0
  const parts = STATES_SHOWN.map((state) => {
    const part = html`<rect class="${state}" x="${at}" width="${summary[state]}" height="10" />`
    at += summary[state]
    return part
  })
  return html`<svg
    class="bar"
    viewBox="0 0 ${items.length} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${parts}
  </svg>`
}

/** Shown by the script alone: without one it would do nothing. */
function filterOf(): Markup {
  const boxes = STATES_SHOWN.map(
    (state) =>
      html`<label
        ><input type="checkbox" value="${state}" checked /> ${STATE_SHOWN[state].sign}
        ${STATE_SHOWN[state].word}</label
      > `,
  )
  return html`<form id="filter" hidden>
    <fieldset class="filter">
      <legend>Items of the documents</legend>
      ${boxes}<label>with the words <input type="search" autocomplete="off" /></label>
      <span id="shown" role="status"></span>
    </fieldset>
  </form>`
}

interface Neighbours {
  readonly before: Page | undefined
  readonly after: Page | undefined
}

function pageOf({ anchor, title, body }: Page, { before, after }: Neighbours): Markup {
  return html`<section class="page" id="${anchor}">
    <h2>${title}</h2>
    ${body}
    <nav class="turn" aria-label="From ${title}">
      ${turn('Previous', before)}${turn('Next', after)}<a href="#overview">Overview</a>
    </nav>
  </section> `
}

function turn(word: string, page: Page | undefined): Markup | undefined {
  return page && html`<a href="#${page.anchor}">${word}: ${page.title}</a> `
}

function linkOf({ anchor, title, count }: Page): Markup {
  const shown = count === undefined ? '' : html` <span class="few">${count}</span>`
  return html`<li>
    <a href="#${anchor}"><span>${title}</span>${shown}</a>
  </li>`
}

function footerOf({ id, signature, startedAt, endedAt }: Report): Markup {
  const signed =
    signature === undefined
      ? 'It is not signed.'
      : html`Signed with the key <code>${signature.keyId}</code>; the signature is in the form of
          <code>check --json</code>, and <code>sallyport check verify</code> judges it.`
  return html`<footer>
    <p>Report <code>${id}</code>, ${timeOf(startedAt)} to ${timeOf(endedAt)}. ${signed}</p>
  </footer>`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
