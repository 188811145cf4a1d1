import type { Evidence, ReportItem, State } from '@sallyport/contract/checklist'
import { CADENCE_WORDS, PART_WORDS, PHASE_WORDS, ROLE_WORDS, STATE_SHOWN } from '../words.ts'
import { html, type Markup } from './markup.ts'
import { prose, sentence, timeOf } from './prose.ts'

/** The state as sign and word. */
export function badge(state: State): Markup {
  const { sign, word } = STATE_SHOWN[state]
  return html`<span class="badge ${state}"><span aria-hidden="true">${sign}</span> ${word}</span>`
}

/** Where an item stands on the page of its document. */
export function anchorOf(id: string): string {
  return `i-${id.replaceAll('/', '-')}`
}

/** One item on the page of its document, its evidence folded. */
export function itemOf(item: ReportItem, number: number): Markup {
  const { id, title, state, remedy } = item
  return html`<li class="item ${state}" id="${anchorOf(id)}" data-state="${state}">
    <div class="line">
      <span class="number" aria-hidden="true">${number}</span>
      <h4>${title}</h4>
      ${badge(state)}
    </div>
    <div class="rest">
      ${remedy === null ? '' : html`<p class="remedy"><b>Remedy</b> ${sentence(remedy)}</p>`}
      ${awaiting(item)}
      <details>
        <summary>${summaryOf(item)}</summary>
        ${evidenceOf(item.evidence)}
        <p class="meta">${metaOf(item)}</p>
      </details>
    </div>
  </li> `
}

/** What was seen, with where it was read from and when. */
export function evidenceOf(evidence: readonly Evidence[]): Markup {
  if (evidence.length === 0) return html`<p>No evidence.</p>`
  const lines = evidence.map(
    ({ kind, text, at }) =>
      html`<li><span class="kind">${kind}</span> ${prose(text)} ${timeOf(at)}</li>`,
  )
  return html`<ul class="evidence">
    ${lines}
  </ul>`
}

/** When it is due, who signs, and what answers it. */
export function metaOf({ id, phase, cadence, role, answers }: ReportItem): Markup {
  const due = `Due ${PHASE_WORDS[phase]}, again ${CADENCE_WORDS[cadence]}; signed by ${ROLE_WORDS[role]}.`
  return html`<code>${id}</code> ${due} Answered by <code>${answers.join(', ')}</code>.`
}

function awaiting({ awaits }: ReportItem): Markup | undefined {
  if (awaits === undefined) return undefined
  return html`<p class="awaits">A part that is to come will tell: ${PART_WORDS[awaits]}.</p>`
}

/** What is folded, told apart for who hears the page. */
function summaryOf({ evidence, id }: ReportItem): Markup {
  const [first] = evidence
  const more = evidence.length > 1 ? ` and ${evidence.length - 1} more` : ''
  const gist = first === undefined ? id : `${cut(first.text)}${more}`
  return html`<span class="label">Evidence</span> <span class="gist">${prose(gist)}</span>`
}

const GIST_CHARACTERS = 110

function cut(text: string): string {
  return text.length <= GIST_CHARACTERS ? text : `${text.slice(0, GIST_CHARACTERS - 1)}…`
}
