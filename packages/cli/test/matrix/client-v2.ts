import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { Json } from '../fixtures/servers/matrix-io.ts'
import {
  ABILITIES,
  answerQuestion,
  type CallOptions,
  keepTasks,
  type ClientSettings,
  type Happened,
  type MatrixClient,
} from './client.ts'

const ANY = z.looseObject({})
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel'
const ALL_LISTS = {
  toolsListChanged: true,
  resourcesListChanged: true,
  promptsListChanged: true,
}
const REVISION = '2026-07-28'

/** The client of SDK version 2: by default it speaks the legacy era, pinned the modern one. */
export async function connectV2(
  era: 'legacy' | 'modern',
  settings: ClientSettings,
): Promise<MatrixClient> {
  const { able, token } = settings
  const asked: Happened[] = []
  const told: Happened[] = []
  const capabilities = able ? ABILITIES : {}
  const options = era === 'modern' ? { versionNegotiation: { mode: { pin: REVISION } } } : {}
  const client = new Client(
    { name: `sdk-v2-${era}`, version: '2.0.0' },
    { capabilities, ...options },
  )
  if (able) answerQuestions(client, asked)
  client.fallbackNotificationHandler = async ({ method, params }) => {
    told.push({ method, params: params ?? {} })
  }
  const url = new URL(settings.url)
  const requestInit = token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }
  const Kind = url.pathname.endsWith('/sse') ? SSEClientTransport : StreamableHTTPClientTransport
  const transport = new Kind(url, { requestInit })
  await client.connect(transport)
  const tasks = keepTasks(transport)
  const listening = era === 'modern' ? await client.listen(ALL_LISTS) : undefined
  const stopListening = async (): Promise<void> => listening?.close()
  return new ClientV2(client, { era, asked, told, tasks, stopListening })
}

function answerQuestions(client: Client, asked: Happened[]): void {
  for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list']) {
    client.setRequestHandler(method, { params: ANY }, (params) => {
      const question = { method, params }
      asked.push(question)
      return answerQuestion(question)
    })
  }
}

interface Ears {
  readonly era: 'legacy' | 'modern'
  readonly asked: readonly Happened[]
  readonly told: readonly Happened[]
  readonly tasks: readonly Json[]
  stopListening(): Promise<void>
}

class ClientV2 implements MatrixClient {
  readonly era: 'legacy' | 'modern'
  /** The modern code in both eras: this SDK renames the older one. */
  readonly missingCode = -32602
  readonly asked: readonly Happened[]
  readonly told: readonly Happened[]
  readonly tasks: readonly Json[]
  readonly #client: Client
  readonly #stopListening: () => Promise<void>

  constructor(client: Client, ears: Ears) {
    this.#client = client
    this.era = ears.era
    this.asked = ears.asked
    this.told = ears.told
    this.tasks = ears.tasks
    this.#stopListening = ears.stopListening
  }

  capabilities(): Json {
    return (this.#client.getServerCapabilities() ?? {}) as Json // an object
  }
  callTool(name: string, args: Json, meta: Json = {}, options: CallOptions = {}): Promise<Json> {
    return this.#client.callTool({ name, arguments: args, _meta: meta }, options)
  }
  listTools(cursor?: string): Promise<Json> {
    return this.request('tools/list', page(cursor))
  }
  listResources(cursor?: string): Promise<Json> {
    return this.request('resources/list', page(cursor))
  }
  listTemplates(cursor?: string): Promise<Json> {
    return this.request('resources/templates/list', page(cursor))
  }
  listPrompts(cursor?: string): Promise<Json> {
    return this.request('prompts/list', page(cursor))
  }
  readResource(uri: string): Promise<Json> {
    return this.#client.readResource({ uri }, { cacheMode: 'refresh' })
  }
  getPrompt(name: string, args: Record<string, string>): Promise<Json> {
    return this.#client.getPrompt({ name, arguments: args })
  }
  complete(params: Json): Promise<Json> {
    return this.#client.complete(params as Parameters<Client['complete']>[0]) // written by the features
  }
  async wantLogs(level: 'error'): Promise<Json> {
    if (this.era === 'modern') return { [LOG_LEVEL]: level }
    await this.#client.setLoggingLevel(level)
    return {}
  }
  async subscribe(uri: string): Promise<() => Promise<void>> {
    if (this.era === 'modern') {
      const listening = await this.#client.listen({ resourceSubscriptions: [uri] })
      return () => listening.close()
    }
    await this.#client.subscribeResource({ uri })
    return async () => void (await this.#client.unsubscribeResource({ uri }))
  }
  request(method: string, params: Json): Promise<Json> {
    return this.#client.request({ method, params }, ANY)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopListening()
    await this.#client.close()
  }
}

function page(cursor: string | undefined): Json {
  return cursor === undefined ? {} : { cursor }
}
