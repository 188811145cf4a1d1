import type { Report, ReportItem } from '@sallyport/contract/checklist'
import { groupsOf, questionsOf, type SameCause } from '../groups.ts'
import { PART_WORDS, SEED_TITLES, STATE_SHOWN } from '../words.ts'
import { anchorOf, badge, evidenceOf } from './item.ts'
import { html, type Markup } from './markup.ts'
import { prose, sentence } from './prose.ts'
import type { Page } from './seed-page.ts'

/** What is to be done: what fails, what nobody knows, what a person is asked, what is to come. */
export function workPages(report: Report): readonly Page[] {
  const { failed, unproved, toAttest, awaiting } = groupsOf(report)
  const waiting = awaiting.flatMap(({ items }) => items)
  return [
    {
      ...{ anchor: 'failed', title: 'What fails', count: countItems(failed) },
      body:
        failed.length === 0
          ? html`<p>${badge('proved')} Nothing fails.</p>`
          : html`${regressionsOf(report)}${failed.map(causeOf)}`,
    },
    {
      ...{ anchor: 'unproved', title: 'What nobody knows', count: countItems(unproved) },
      body:
        unproved.length === 0
          ? html`<p>Everything that a program can see was looked at.</p>`
          : html`<p>Something kept these from being looked at. None of them counts as passed.</p>
              ${unproved.map(causeOf)}`,
    },
    {
      ...{ anchor: 'to-attest', title: 'What a person is asked', count: toAttest.length },
      body: attestOf(toAttest),
    },
    {
      ...{ anchor: 'to-come', title: 'What waits for parts to come', count: waiting.length },
      body: awaitingOf(awaiting),
    },
  ]
}

function countItems(causes: readonly SameCause[]): number {
  return causes.reduce((sum, { items }) => sum + items.length, 0)
}

function regressionsOf({ regressions, items }: Report): Markup | undefined {
  if (regressions.length === 0) return undefined
  const titles = new Map(items.map(({ id, title }) => [id, title]))
  const lines = regressions.map(
    ({ id, from, to }) =>
      html`<li>
        <a href="#${anchorOf(id)}">${titles.get(id) ?? id}</a>: was ${STATE_SHOWN[from].word}, is
        ${STATE_SHOWN[to].word}
      </li>`,
  )
  return html`<div class="regressions">
    <h3>Worse than in the report before</h3>
    <ul>
      ${lines}
    </ul>
  </div> `
}

/** Items with one cause together, so that it is read and mended once. */
function causeOf({ items }: SameCause): Markup {
  const [first] = items
  return html`<article class="cause ${first.state}">
    ${items.map(
      (item) =>
        html`<h3>${badge(item.state)} <a href="#${anchorOf(item.id)}">${item.title}</a></h3>
          <p class="from">
            <code>${item.id}</code> in ${SEED_TITLES[item.seed]}, ${item.section}
          </p> `,
    )}${first.remedy === null ? '' : html`<p class="remedy"><b>Remedy</b> ${sentence(first.remedy)}</p>`}
    <details open>
      <summary><span class="label">Evidence</span></summary>
      ${evidenceOf(first.evidence)}
    </details>
  </article> `
}

function attestOf(items: readonly ReportItem[]): Markup {
  if (items.length === 0) return html`<p>Nobody is asked for anything.</p>`
  const rows = questionsOf(items).map(
    ({ id, items: some }) =>
      html`<tr>
        <th scope="row">
          ${some.map((item) => html`<p><a href="#${anchorOf(item.id)}">${item.title}</a></p> `)}
        </th>
        <td>${prose(some[0].evidence[0]?.text ?? '')}</td>
        <td><code>sallyport attest ${id} --by NAME --note TEXT</code></td>
      </tr> `,
  )
  return html`<p>No program can see these: somebody looks, and stands for it by name.</p>
    <div class="wide" tabindex="0" role="region" aria-label="What a person is asked">
      <table>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Why it is open</th>
            <th scope="col">Once somebody looked</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`
}

function awaitingOf(parts: ReturnType<typeof groupsOf>['awaiting']): Markup {
  if (parts.length === 0) return html`<p>Nothing waits for a part that is to come.</p>`
  return html`<p>This version cannot tell. They count as unproved until one can.</p>
    ${parts.map(
      ({ part, items }) =>
        html`<details>
          <summary><span class="label">${PART_WORDS[part]}</span> ${items.length}</summary>
          <ul>
            ${items.map(({ id, title }) => html`<li><a href="#${anchorOf(id)}">${title}</a></li> `)}
          </ul>
        </details> `,
    )}`
}
