import { type Answer, ANSWERS, type Item, ITEMS } from '@sallyport/checklist'
import { CADENCES, SEEDS, type Seed, STANDS_MS } from '@sallyport/contract/checklist'

const GENERATED = '<!-- Written by `npm run generate`. Do not edit. -->'
const DAY_MS = 86_400_000

/** How an item comes to be answered, as the coverage counts it. */
const WAYS = ['proved', 'drilled', 'enforced', 'attested', 'awaiting'] as const
type Way = (typeof WAYS)[number]

const WAY_OF: Readonly<Record<Answer['kind'], Way>> = {
  probe: 'proved',
  drill: 'drilled',
  enforced: 'enforced',
  attested: 'attested',
  awaits: 'awaiting',
}

const SEED_TITLES: Readonly<Record<Seed, string>> = {
  hangar: "MCP Hangar's recipe 13",
  system: "MCP System's deployment checklist",
  slack: "The Slack server's production checklist",
  discord: "The Discord bot's production checklist",
  exposure: 'The rules of exposing MCP',
}

/** The page docs/checklist.md: every item, how it is answered, and how to mend it. */
export function checklistPage(): string {
  return `${GENERATED}

# The checklist

Every box of the four checklists and every rule of the exposure document, ${ITEMS.length} in all, with what answers it.
\`sallyport check\` judges them on the running deployment; [checking.md](checking.md) says how to run it,
[checklist-coverage.md](checklist-coverage.md) how many are answered by what.

- **probe**: a program looks, and changes nothing.
- **drill**: a deliberate fault on a copy, or a full run, no older than the calendar allows ([drills.md](drills.md)).
- **enforced**: the product keeps it by itself; the claims that say so are proved by tests.
- **attested**: a named person stands for it until a date, at most ${CADENCES.map((cadence) => `${Math.round(STANDS_MS[cadence] / DAY_MS)} days (${cadence})`).join(', ')}.
- **awaits**: a part of the product that is to come answers it; until then it is unproved.

All answers of an item must hold; those that do not concern a deployment are left out.

${SEEDS.map(seedSection).join('\n\n')}

## Answers

| Answer | What holds | How to mend it |
|---|---|---|
${[...ANSWERS].map(answerRow).join('\n')}
`
}

/** The page docs/checklist-coverage.md: items by seed and by what answers them. */
export function coveragePage(): string {
  const rows = SEEDS.map((seed) =>
    coverageRow(
      SEED_TITLES[seed],
      ITEMS.filter((item) => item.seed === seed),
    ),
  )
  const mechanical = ITEMS.filter((item) => wayOf(item) !== 'attested').length
  return `${GENERATED}

# Coverage of the checklist

What answers the ${ITEMS.length} items of [the checklist](checklist.md). An item that takes several answers counts where the
weakest of them stands: attested, else awaiting, else drilled, else proved, else enforced. **${Math.floor((100 * mechanical) / ITEMS.length)} %** are
answered by a program, those included that a later part of the product will answer by one.

| Seed | Items | ${WAYS.map((way) => way[0]?.toUpperCase() + way.slice(1)).join(' | ')} |
|---|---|${'---|'.repeat(WAYS.length)}
${rows.join('\n')}
${coverageRow('**All**', ITEMS)}

## Awaiting

| Answer | Part | By | Items |
|---|---|---|---|
${[...ANSWERS].flatMap(awaitingRow).join('\n')}
`
}

/** By the weakest of its answers. */
export function wayOf({ answers }: Pick<Item, 'answers'>): Way {
  const ways = new Set(answers.map((id) => WAY_OF[answerOf(id).kind]))
  for (const way of ['attested', 'awaiting', 'drilled', 'proved'] as const) {
    if (ways.has(way)) return way
  }
  return 'enforced'
}

function seedSection(seed: Seed): string {
  const items = ITEMS.filter((item) => item.seed === seed)
  const sections = [...Map.groupBy(items, ({ section }) => section)].map(
    ([heading, boxes]) => `### ${heading}

| Place | Item | Due | Answers |
|---|---|---|---|
${boxes.map(itemRow).join('\n')}`,
  )
  return `## ${SEED_TITLES[seed]}\n\n${sections.join('\n\n')}`
}

function itemRow({ place, id, title, note, phase, cadence, answers }: Item): string {
  const words = note === undefined ? title : `${title}: ${note}`
  const links = answers.map((answer) => `\`${answer}\``).join(', ')
  return row([
    `${place}`,
    `\`${id}\`<br>${words}`,
    phase === 'before' ? cadence : `${phase}, ${cadence}`,
    links,
  ])
}

function answerRow([id, answer]: readonly [string, Answer]): string {
  return row([
    `\`${id}\`<br>${kindWords(answer)}`,
    answer.title,
    'remedy' in answer ? answer.remedy : '',
  ])
}

function kindWords(answer: Answer): string {
  if (answer.kind === 'awaits')
    return `awaits a ${answer.by === 'enforced' ? 'part that enforces it' : answer.by}`
  if (answer.kind !== 'enforced') return answer.kind
  return `enforced: ${answer.claims.map((claim) => `[\`${claim}\`](claims.md)`).join(', ')}`
}

function awaitingRow([id, answer]: readonly [string, Answer]): string[] {
  if (answer.kind !== 'awaits') return []
  const items = ITEMS.filter(({ answers }) => answers.includes(id))
  return [
    row([
      `\`${id}\`<br>${answer.title}`,
      answer.part,
      answer.by,
      items.map((item) => `\`${item.id}\``).join(', '),
    ]),
  ]
}

function coverageRow(title: string, items: readonly Item[]): string {
  const counts = WAYS.map((way) => `${items.filter((item) => wayOf(item) === way).length}`)
  return row([title, `${items.length}`, ...counts])
}

function answerOf(id: string): Answer {
  const answer = ANSWERS.get(id)
  if (answer === undefined) throw new RangeError(`no answer is named ${id}`)
  return answer
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
