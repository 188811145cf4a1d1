import { type MessageOutput, sizeOfMessage } from './message.ts'

/** Characters of messages in one answer; it ends with the message that reaches it. */
const CHARACTERS_MAX = 200_000

/** The first of the messages that fit into one answer: at least one, so that every walk comes to its end. */
export function messagesWithin(
  messages: readonly MessageOutput[],
  charactersMax: number = CHARACTERS_MAX,
): { readonly messages: readonly MessageOutput[]; readonly isCut: boolean } {
  let characters = 0
  const end = messages.findIndex((message) => {
    characters += sizeOfMessage(message)
    return characters > charactersMax
  })
  if (end === -1) return { messages, isCut: false }
  const kept = messages.slice(0, Math.max(1, end))
  return { messages: kept, isCut: kept.length < messages.length }
}
