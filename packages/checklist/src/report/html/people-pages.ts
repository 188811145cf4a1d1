import { type Report, type ReportItem, SIGN_OFF_ROLES } from '@sallyport/contract/checklist'
import { isGood } from '../../engine/run-check.ts'
import { readAttestationText } from '../../engine/attestation-text.ts'
import { ROLE_WORDS, STATE_SHOWN } from '../words.ts'
import { anchorOf } from './item.ts'
import { html, type Markup } from './markup.ts'
import { clockOf, prose, timeOf } from './prose.ts'
import type { Page } from './seed-page.ts'

/** When drills were run, who stands for what, and who signed. */
export function peoplePages(report: Report): readonly Page[] {
  const attested = attestationsOf(report.items)
  return [
    {
      ...{ anchor: 'drills', title: 'Drill calendar', count: report.drills.length },
      body: drillsOf(report),
    },
    {
      ...{ anchor: 'attestations', title: 'Attestations', count: attested.length },
      body: attestationTable(attested),
    },
    {
      ...{ anchor: 'sign-offs', title: 'Sign-offs', count: report.signOffs.length },
      body: signOffsOf(report),
    },
  ]
}

function drillsOf({ drills, endedAt }: Report): Markup {
  if (drills.length === 0) return html`<p>There are no drills.</p>`
  const rows = [...drills]
    .sort((one, other) => one.nextAt.localeCompare(other.nextAt))
    .map(
      ({ drill, lastAt, ok, nextAt, overdue }) =>
        html`<tr>
          <th scope="row">${drill}</th>
          <td>${lastAt === null ? 'never' : timeOf(lastAt)}</td>
          <td>${resultWord(ok)}</td>
          <td>${overdue ? html`<b>due now</b>` : timeOf(nextAt)}</td>
        </tr> `,
    )
  return html`<p>As of ${clockOf(endedAt)}. A drill is run by <code>sallyport drill NAME</code>.</p>
    ${table('Drill calendar', ['Drill', 'Last run', 'Result', 'Next'], rows)}`
}

function resultWord(ok: boolean | null): string {
  if (ok === null) return '– none'
  return ok ? `${STATE_SHOWN.proved.sign} succeeded` : `${STATE_SHOWN.failed.sign} failed`
}

interface AttestedItem {
  readonly item: ReportItem
  readonly by: string
  readonly note: string
  readonly expiresAt: string
  readonly isOver: boolean
}

/** Those that expire first come first. */
function attestationsOf(items: readonly ReportItem[]): AttestedItem[] {
  return items
    .flatMap((item) => {
      const words = item.evidence
        .filter(({ kind }) => kind === 'attestation')
        .flatMap(({ text }) => readAttestationText(text) ?? [])
      return words.map((word) => ({ item, ...word }))
    })
    .sort((one, other) => one.expiresAt.localeCompare(other.expiresAt))
}

function attestationTable(attested: readonly AttestedItem[]): Markup {
  if (attested.length === 0) return html`<p>Nobody has attested anything.</p>`
  const rows = attested.map(
    ({ item, by, note, expiresAt, isOver }) =>
      html`<tr>
        <th scope="row"><a href="#${anchorOf(item.id)}">${item.title}</a></th>
        <td>${STATE_SHOWN[item.state].word}</td>
        <td>${by}</td>
        <td>${prose(note)}</td>
        <td>${isOver ? html`<b>expired</b> ` : ''}${timeOf(expiresAt)}</td>
      </tr> `,
  )
  const head = ['Item', 'State', 'Who', 'What was looked at', 'Until']
  return html`<p>What no program can see, by who stands for it; what ends first comes first.</p>
    ${table('Attestations', head, rows)}`
}

function signOffsOf({ signOffs, items, id }: Report): Markup {
  const rows = SIGN_OFF_ROLES.map((role) => {
    const own = items.filter((item) => item.role === role)
    const open = own.filter(({ state }) => !isGood(state)).length
    const signed = signOffs.find((one) => one.role === role)
    const forThis = signed?.report === id ? 'this report' : `the report ${signed?.report ?? ''}`
    return html`<tr>
      <th scope="row">${ROLE_WORDS[role]}</th>
      <td>${own.length}</td>
      <td>${open === 0 ? '0' : html`<b>${open}</b>`}</td>
      <td>
        ${signed === undefined ? 'nobody yet' : html`${signed.by}, ${timeOf(signed.at)}, for ${forThis}`}
      </td>
    </tr> `
  })
  return html`<p>
      A role signs once none of its items is open:
      <code>sallyport check sign-off ROLE --by NAME</code>.
    </p>
    ${table('Sign-offs', ['Role', 'Items', 'Open', 'Signed'], rows)}`
}

function table(name: string, head: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="wide" tabindex="0" role="region" aria-label="${name}">
    <table>
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}
