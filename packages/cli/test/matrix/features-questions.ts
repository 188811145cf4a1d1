import { expect } from 'vitest'
import { askingUri } from '../fixtures/servers/matrix-catalog.ts'
import { ACCEPTED, ROOT, SAID } from './client.ts'
import { type Cell, dataOf, type Feature, textOf } from './feature.ts'

/** Calls a tool that asks, and returns what it was answered. */
async function answerTo(cell: Cell, name: string): Promise<unknown> {
  return dataOf(await cell.client.callTool(cell.named(name), { ticket: cell.ticket }))
}

/** The questions of a method that this cell's call led to. */
function askedOf(cell: Cell, method: string, client = cell.client): readonly object[] {
  const mine = client.asked.filter((one) => JSON.stringify(one.params).includes(cell.ticket))
  return mine.filter((one) => one.method === method).map(({ params }) => params)
}

const FORM_SCHEMA = {
  type: 'object',
  properties: { colour: { type: 'string', enum: ['red', 'blue'], default: 'red' } },
  required: ['colour'],
}

/** What servers ask of clients. */
export const QUESTIONS: readonly Feature[] = [
  {
    id: 'elicitation-form',
    title: 'elicitation, form',
    check: async (cell) => {
      expect(await answerTo(cell, 'ask-form')).toMatchObject(ACCEPTED)
      expect(askedOf(cell, 'elicitation/create')).toMatchObject([{ requestedSchema: FORM_SCHEMA }])
    },
  },
  {
    id: 'elicitation-url',
    title: 'elicitation, URL',
    check: async (cell) => {
      expect(await answerTo(cell, 'ask-url')).toMatchObject({ action: 'accept' })
      const url = `https://example.com/visit?ticket=${cell.ticket}`
      expect(askedOf(cell, 'elicitation/create')).toMatchObject([{ mode: 'url', url }])
    },
  },
  {
    id: 'url-required',
    title: 'a call that needs a URL visited first (-32042 in the legacy era)',
    check: async (cell) => {
      const url = `https://example.com/visit?ticket=${cell.ticket}`
      const first = await answerTo(cell, 'need-url').catch((thrown: unknown) => thrown)
      if (first instanceof Error) {
        expect(cell.client.era).toBe('legacy')
        const data = { elicitations: [{ mode: 'url', url }] }
        expect(first).toMatchObject({ code: -32042, data })
        expect(await answerTo(cell, 'need-url')).toMatchObject({ action: 'accept' })
      } else {
        expect(first).toMatchObject({ action: 'accept' })
        expect(askedOf(cell, 'elicitation/create')).toMatchObject([{ mode: 'url', url }])
      }
    },
  },
  {
    id: 'sampling',
    title: 'sampling',
    check: async (cell) => {
      expect(await answerTo(cell, 'ask-model')).toMatchObject(SAID)
      const params = { maxTokens: 50, systemPrompt: 'Be brief.', temperature: 0.25 }
      expect(askedOf(cell, 'sampling/createMessage')).toMatchObject([params])
    },
  },
  {
    id: 'two-questions',
    title: 'two questions in one call',
    check: async (cell) => {
      expect(await answerTo(cell, 'ask-both')).toMatchObject({ colour: ACCEPTED, model: SAID })
    },
  },
  {
    id: 'other-questions',
    title: 'a question during `prompts/get` and `resources/read`',
    check: async ({ client, named, server, ticket }) => {
      const { messages } = await client.getPrompt(named('asking'), { ticket })
      const [message] = messages as { content: { text: string } }[] // by the protocol
      expect(JSON.parse(message?.content.text ?? '')).toMatchObject(ACCEPTED)
      const { contents } = await client.readResource(askingUri(server, ticket))
      const [content] = contents as { text: string }[] // by the protocol
      expect(JSON.parse(content?.text ?? '')).toMatchObject(ACCEPTED)
    },
  },
  {
    id: 'refusals',
    title: 'a person who declines or cancels',
    check: async ({ client, named, ticket }) => {
      for (const action of ['decline', 'cancel']) {
        const args = { ticket: `${action} ${ticket}` }
        expect(dataOf(await client.callTool(named('ask-form'), args))).toEqual({ action })
      }
    },
  },
  {
    id: 'parallel-questions',
    title: 'questions of calls side by side, each with its own answer',
    check: async ({ client, named, ticket }) => {
      const asking = ['accept', 'decline', 'cancel'].map(async (action) => {
        const args = { ticket: `${action} ${ticket}` }
        expect(dataOf(await client.callTool(named('ask-form'), args))).toMatchObject({ action })
      })
      // Younger and soon over: none of these may be taken for the call that asks.
      const others = [1, 2, 3].map(() => client.callTool(named('echo'), { message: ticket }))
      await Promise.all([...asking, ...others, client.callTool(named('steps'), {})])
    },
  },
  {
    id: 'roots',
    title: 'roots, where the operator lets them through',
    check: async ({ rooted, rootedName, ticket }) => {
      const roots = dataOf(await rooted.callTool(rootedName('ask-roots'), { ticket }))
      expect(roots).toMatchObject({ roots: [ROOT] })
    },
  },
  {
    id: 'unable',
    title: 'a client that cannot be asked: a decline or a defined error, at once',
    check: async (cell) => {
      const { unable, ticket } = cell
      const calling = unable.callTool(cell.named('ask-form'), { ticket: `unable-${ticket}` })
      const outcome = await calling.catch((thrown: unknown) => thrown)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: -32021 })
      else
        expect(JSON.parse(textOf(outcome as Record<string, unknown>))).toEqual({
          action: 'decline',
        }) // a result
    },
  },
]
