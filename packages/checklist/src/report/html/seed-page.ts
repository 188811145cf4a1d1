import type { Report, ReportItem, Seed, Summary } from '@sallyport/contract/checklist'
import { summarise } from '../../engine/run-check.ts'
import { SEED_TITLES, STATE_SHOWN, STATES_SHOWN } from '../words.ts'
import { itemOf } from './item.ts'
import { html, type Markup } from './markup.ts'

/** One page of the report, with where it is reached. */
export interface Page {
  readonly anchor: string
  readonly title: string
  /** Shown beside its name in the navigation. */
  readonly count: number | undefined
  readonly body: Markup
}

/** A document with all its boxes, in its order. */
export function seedPage({ items }: Report, seed: Seed): Page | undefined {
  const own = items.filter((item) => item.seed === seed)
  if (own.length === 0) return undefined
  const sections = sectionsOf(own)
  const links = sections.map(
    ({ anchor, title, items: some }) =>
      html`<li><a href="#${anchor}">${title}</a> ${badText(summarise(some))}</li>`,
  )
  return {
    anchor: seed,
    title: SEED_TITLES[seed],
    count: own.length,
    body: html`<p>
        ${own.length} items in the order of the document. ${countsText(summarise(own))}
      </p>
      ${
        sections.length > 1
          ? html`<nav aria-label="Sections of ${SEED_TITLES[seed]}">
              <ul class="sections">
                ${links}
              </ul>
            </nav>`
          : ''
      }
      ${sections.map(sectionOf)}`,
  }
}

interface Section {
  readonly anchor: string
  readonly title: string
  /** Number of its first item within the document. */
  readonly first: number
  readonly items: readonly ReportItem[]
}

/** Neighbours with the same heading. A heading may come again later, as documents have it. */
function sectionsOf(items: readonly ReportItem[]): Section[] {
  const sections: { title: string; first: number; items: ReportItem[] }[] = []
  for (const [at, item] of items.entries()) {
    const last = sections.at(-1)
    if (last?.title === item.section) last.items.push(item)
    else sections.push({ title: item.section, first: at + 1, items: [item] })
  }
  return sections.map((section) => ({
    ...section,
    anchor: `${items[0]?.seed ?? ''}-${section.first}`,
  }))
}

function sectionOf({ anchor, title, first, items }: Section): Markup {
  return html`<section class="section">
    <h3 id="${anchor}">${title}</h3>
    <ol class="items" start="${first}">
      ${items.map((item, at) => itemOf(item, first + at))}
    </ol>
  </section> `
}

/** `3 failed, 1 unproved, 40 proved`. */
function countsText(counts: Summary): string {
  const parts = STATES_SHOWN.filter((state) => counts[state] > 0).map(
    (state) => `${counts[state]} ${STATE_SHOWN[state].word}`,
  )
  return `${parts.join(', ')}.`
}

function badText({ failed, unproved }: Summary): Markup {
  const parts = [
    ...(failed > 0 ? [`${failed} ${STATE_SHOWN.failed.word}`] : []),
    ...(unproved > 0 ? [`${unproved} ${STATE_SHOWN.unproved.word}`] : []),
  ]
  return html`<span class="few">${parts.length === 0 ? 'all well' : parts.join(', ')}</span>`
}
