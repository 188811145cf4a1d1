import { STANDS_MS } from '@sallyport/contract/checklist'
import type { ExplainedAnswer, Explanation } from '../engine/explain-item.ts'
import { type Layout, layOut } from './layout.ts'
import {
  CADENCE_WORDS,
  PART_WORDS,
  PHASE_WORDS,
  ROLE_WORDS,
  SEED_TITLES,
  STATE_SHOWN,
} from './words.ts'

const DAY_MS = 86_400_000

interface ExplanationOptions {
  /** Characters on a line; undefined = as long as they are. */
  readonly width: number | undefined
  readonly colour: boolean
  readonly command: string
}

/** One item in full: what it asks, how it is judged, what was seen, how to mend it, and how it stood before. */
export function formatExplanation(explanation: Explanation, options: ExplanationOptions): string {
  const { item, standing, answers } = explanation
  const layout = layOut(options)
  const { id, title, seed, section, phase, cadence, role, note } = item
  const fact = (label: string, text: string): string => layout.line(0, label.padEnd(12), text)
  const state = standing === undefined ? '' : `${shown(layout, standing.state)}`
  return [
    [
      `${layout.heading(id)}`,
      layout.line(0, '', title),
      '',
      `${'state'.padEnd(12)}${state}`,
      fact('asked by', `${SEED_TITLES[seed]}, ${section}`),
      fact('due', `${PHASE_WORDS[phase]}, again ${CADENCE_WORDS[cadence]}`),
      fact('signed by', ROLE_WORDS[role]),
      ...(note === undefined ? [] : [fact('note', note)]),
      ...(standing?.remedy == null ? [] : [fact('remedy', standing.remedy)]),
    ].join('\n'),
    layout.heading(
      `Judged by ${answers.length === 1 ? 'one answer' : `${answers.length} answers, of which all must hold`}`,
    ),
    ...answers.map((answer) => answerText(answer, layout)),
    layout.heading('Attestation'),
    attestationLines(explanation, layout, options.command),
    layout.heading('How it stood before'),
    historyLines(explanation, layout),
  ].join('\n\n')
}

function shown(layout: Layout, state: keyof typeof STATE_SHOWN): string {
  return `${layout.sign(state)} ${STATE_SHOWN[state].word}`
}

function answerText({ id, answer, standing }: ExplainedAnswer, layout: Layout): string {
  const evidence = standing?.evidence ?? []
  const mark = standing === undefined ? '  ' : `${layout.sign(standing.state)} `
  const remedy = standing?.remedy
  return [
    layout.line(0, mark, `${id}, ${howOf(answer)}: ${answer.title}`),
    ...evidence.map(({ kind, text, at }) => layout.line(4, `${kind}: `, `${text} (${at})`)),
    ...(remedy == null ? [] : [layout.line(4, '-> ', remedy)]),
  ].join('\n')
}

function howOf(answer: ExplainedAnswer['answer']): string {
  switch (answer.kind) {
    case 'probe':
      return 'looked at'
    case 'drill':
      return `shown by the drill ${answer.drill}`
    case 'enforced':
      return 'kept by the product itself'
    case 'attested':
      return 'a person is asked'
    case 'awaits':
      return `to be told by ${PART_WORDS[answer.part]}`
  }
}

function attestationLines(
  { item, attestations }: Explanation,
  layout: Layout,
  command: string,
): string {
  const days = Math.round(STANDS_MS[item.cadence] / DAY_MS)
  const given = attestations.map(({ item: of, kind, by, at, expiresAt, note }) => {
    const words = kind === 'attested' ? 'attested' : 'not applicable'
    return layout.line(0, '', `${of}: ${words} by ${by} at ${at}, until ${expiresAt}: ${note}`)
  })
  return [
    ...(given.length > 0 ? given : ['nobody stands for it']),
    layout.line(0, '', `it counts where no program can tell, for ${days} days at most:`),
    `    ${command} attest ${item.id} --by NAME --note TEXT`,
  ].join('\n')
}

function historyLines({ history }: Explanation, layout: Layout): string {
  if (history.length === 0) return 'no report is kept that has it'
  return history
    .map(({ at, state, report }) => `${at}  ${shown(layout, state)}  (${report})`)
    .join('\n')
}
