import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
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
// The classes of the SDK disagree with each other under exactOptionalPropertyTypes.
type Connectable = Parameters<Client['connect']>[0]

/** The client of SDK version 1; over HTTP+SSE where the address ends in `/sse`. */
export async function connectV1(settings: ClientSettings): Promise<MatrixClient> {
  const { able, token } = settings
  const asked: Happened[] = []
  const told: Happened[] = []
  const capabilities = able ? ABILITIES : {}
  const client = new Client({ name: 'sdk-v1', version: '1.0.0' }, { capabilities })
  if (able) answerQuestions(client, asked)
  client.fallbackNotificationHandler = async ({ method, params }) => {
    told.push({ method, params: params ?? {} })
  }
  const url = new URL(settings.url)
  const requestInit = token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }
  const Kind = url.pathname.endsWith('/sse') ? SSEClientTransport : StreamableHTTPClientTransport
  const transport = new Kind(url, { requestInit }) as Connectable
  await client.connect(transport)
  return new ClientV1(client, { asked, told, tasks: keepTasks(transport) })
}

function answerQuestions(client: Client, asked: Happened[]): void {
  for (const schema of [ElicitRequestSchema, CreateMessageRequestSchema, ListRootsRequestSchema]) {
    client.setRequestHandler(schema, ({ method, params }) => {
      const question = { method, params: (params ?? {}) as Json } // an object by its schema
      asked.push(question)
      return answerQuestion(question)
    })
  }
}

class ClientV1 implements MatrixClient {
  readonly era = 'legacy'
  readonly missingCode = -32002
  readonly asked: readonly Happened[]
  readonly told: readonly Happened[]
  readonly tasks: readonly Json[]
  readonly #client: Client

  constructor(client: Client, ears: Pick<MatrixClient, 'asked' | 'told' | 'tasks'>) {
    this.#client = client
    this.asked = ears.asked
    this.told = ears.told
    this.tasks = ears.tasks
  }

  capabilities(): Json {
    return this.#client.getServerCapabilities() ?? {}
  }
  callTool(name: string, args: Json, meta: Json = {}, options: CallOptions = {}): Promise<Json> {
    return this.#client.callTool({ name, arguments: args, _meta: meta }, undefined, options)
  }
  listTools(cursor?: string): Promise<Json> {
    return this.#client.listTools(page(cursor))
  }
  listResources(cursor?: string): Promise<Json> {
    return this.#client.listResources(page(cursor))
  }
  listTemplates(cursor?: string): Promise<Json> {
    return this.#client.listResourceTemplates(page(cursor))
  }
  listPrompts(cursor?: string): Promise<Json> {
    return this.#client.listPrompts(page(cursor))
  }
  readResource(uri: string): Promise<Json> {
    return this.#client.readResource({ uri })
  }
  getPrompt(name: string, args: Record<string, string>): Promise<Json> {
    return this.#client.getPrompt({ name, arguments: args })
  }
  complete(params: Json): Promise<Json> {
    return this.#client.complete(params as Parameters<Client['complete']>[0]) // written by the features
  }
  async wantLogs(level: 'error'): Promise<Json> {
    await this.#client.setLoggingLevel(level)
    return {}
  }
  async subscribe(uri: string): Promise<() => Promise<void>> {
    await this.#client.subscribeResource({ uri })
    return async () => void (await this.#client.unsubscribeResource({ uri }))
  }
  request(method: string, params: Json): Promise<Json> {
    return this.#client.request({ method, params }, ANY)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close()
  }
}

function page(cursor: string | undefined): { cursor?: string } {
  return cursor === undefined ? {} : { cursor }
}
