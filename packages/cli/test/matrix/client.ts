import { TASKS } from '../fixtures/servers/matrix-catalog.ts'
import type { Json } from '../fixtures/servers/matrix-io.ts'

/** What happened to a client besides its own calls, in order. */
export interface Happened {
  readonly method: string
  readonly params: Json
}

export interface CallOptions {
  readonly onprogress?: (progress: Json) => void
  readonly signal?: AbortSignal
}

/** An SDK client of any version and era, as the matrix uses it. Results are what the SDK hands to its caller. */
export interface MatrixClient extends AsyncDisposable {
  readonly era: 'legacy' | 'modern'
  /** How it reports that a resource is not there. */
  readonly missingCode: number
  /** Questions it was asked, in order. */
  readonly asked: readonly Happened[]
  /** Notifications it was told, in order; progress goes to its call instead. */
  readonly told: readonly Happened[]
  /** Results that became tasks, as they came: the SDK's clients refuse them. */
  readonly tasks: readonly Json[]
  capabilities(): Json
  callTool(name: string, args: Json, meta?: Json, options?: CallOptions): Promise<Json>
  listTools(cursor?: string): Promise<Json>
  listResources(cursor?: string): Promise<Json>
  listTemplates(cursor?: string): Promise<Json>
  listPrompts(cursor?: string): Promise<Json>
  readResource(uri: string): Promise<Json>
  getPrompt(name: string, args: Record<string, string>): Promise<Json>
  complete(params: Json): Promise<Json>
  /** Has log messages of this level and above sent with the calls that follow; resolves to the `_meta` they need. */
  wantLogs(level: 'error'): Promise<Json>
  /** Hears of changes of a resource until the returned function is called. */
  subscribe(uri: string): Promise<() => Promise<void>>
  /** Any request, past the SDK's own view of results. */
  request(method: string, params: Json): Promise<Json>
}

/** What makes a client answer questions, or unable to. */
export interface ClientSettings {
  readonly url: string
  readonly token: string | undefined
  /** False: it declares no capability and answers nothing. */
  readonly able: boolean
}

/** What an able client declares. */
export const ABILITIES = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: { listChanged: true },
  extensions: { [TASKS]: {} },
} as const
export const ROOT = { uri: 'file:///srv/matrix', name: 'matrix' }

/** How an able client answers: a question that says `decline` or `cancel` is answered so. */
export function answerQuestion({ method, params }: Happened): Json {
  if (method === 'roots/list') return { roots: [ROOT] }
  if (method === 'elicitation/create') {
    const refused = /\b(decline|cancel) /.exec(String(params['message']))
    if (refused) return { action: refused[1] }
    return params['mode'] === 'url' ? { action: 'accept' } : ACCEPTED
  }
  return SAID
}

export const ACCEPTED = { action: 'accept', content: { colour: 'blue' } }
export const SAID = {
  role: 'assistant',
  content: { type: 'text', text: 'Not much.' },
  model: 'matrix-model',
  stopReason: 'endTurn',
} as const

interface Tapped<Message, Extra> {
  onmessage?: ((message: Message, extra?: Extra) => void) | undefined
}

/** Listens in on the transport: to the client a task is an error that does not say which. */
export function keepTasks<Message extends object, Extra>(
  transport: Tapped<Message, Extra>,
): readonly Json[] {
  const tasks: Json[] = []
  const { onmessage } = transport
  transport.onmessage = (message, extra) => {
    const { result } = message as { readonly result?: Json } // absent in what is no response
    if (result?.['resultType'] === 'task') tasks.push(result)
    onmessage?.(message, extra)
  }
  return tasks
}
