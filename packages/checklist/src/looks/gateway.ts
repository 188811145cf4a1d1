import {
  type AuditList,
  auditList,
  type GroupItem,
  groupList,
  type KeyItem,
  keyList,
  type ServerItem,
  serverList,
  type UserItem,
  userList,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { type Deployment, fact, type GatewayView } from '../deployment.ts'

const PAGE_ITEMS = 500
const PAGES_MAX = 40

/** The servers behind the gateway as they are now; undefined where no gateway runs. */
export const serverFacts = fact((deployment, signal) =>
  ofGateway(deployment, (gateway) =>
    all<ServerItem>(gateway, serverList, '/api/v1/servers', signal),
  ),
)

/** The groups as they are now; undefined where no gateway runs. */
export const groupFacts = fact((deployment, signal) =>
  ofGateway(deployment, (gateway) => all<GroupItem>(gateway, groupList, '/api/v1/groups', signal)),
)

/** Users as they are now; undefined where no gateway runs. */
export const userFacts = fact((deployment, signal) =>
  ofGateway(deployment, (gateway) => all<UserItem>(gateway, userList, '/api/v1/users', signal)),
)

/** Keys that are in force, without those that runs of the checklist make; undefined where no gateway runs. */
export const keyFacts = fact(async (deployment, signal) => {
  const keys = await ofGateway(deployment, (gateway) =>
    all<KeyItem>(gateway, keyList, '/api/v1/keys', signal),
  )
  const nowMs = deployment.clock.nowMs()
  return keys?.filter(
    ({ revokedAt, expiresAt, name }) =>
      revokedAt === null &&
      (expiresAt === null || Date.parse(expiresAt) > nowMs) &&
      !/^(?:checklist|drill)-/.test(name),
  )
})

const toolList = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      annotations: z.looseObject({ readOnlyHint: z.boolean().optional() }).optional(),
    }),
  ),
  nextCursor: z.string().optional(),
})

export type ListedTool = z.output<typeof toolList>['tools'][number]

/** Every tool as a caller of this machine sees it; undefined where no gateway runs. */
export const toolFacts = fact((deployment, signal) =>
  ofGateway(deployment, async (gateway) => {
    const tools: ListedTool[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const params = cursor === undefined ? {} : { cursor }
      const page = toolList.parse(await gateway.call('tools/list', params, signal))
      tools.push(...page.tools)
      cursor = page.nextCursor
      if (cursor === undefined) return tools
    }
    throw tooMany('tools/list')
  }),
)

/** The newest rows of the audit log that a query finds, 1,000 at most. */
export function auditRows(
  gateway: GatewayView,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AuditList> {
  const text = new URLSearchParams({ limit: '1000', ...query }).toString()
  return gateway.read(auditList, `/api/v1/audit?${text}`, signal)
}

async function ofGateway<Value>(
  { gateway }: Deployment,
  read: (gateway: GatewayView) => Promise<Value>,
): Promise<Value | undefined> {
  return gateway === undefined ? undefined : read(gateway)
}

async function all<Item>(
  gateway: GatewayView,
  schema: z.ZodType<{ items: Item[]; next?: string | undefined }>,
  path: string,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let cursor = ''
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await gateway.read(schema, `${path}?limit=${PAGE_ITEMS}${cursor}`, signal)
    items.push(...page.items)
    if (page.next === undefined) return items
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
  throw tooMany(path)
}

/** Whoever judges the first of them would judge what was not seen. */
function tooMany(what: string): AppError {
  return new AppError('result_too_large', `the gateway has more of ${what} than are looked at`)
}
