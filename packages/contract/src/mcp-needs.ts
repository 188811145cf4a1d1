import type { Permission } from '@sallyport/kit/roles'

/** What a caller must hold for each method of MCP. A method that is missing here is refused. */
export const MCP_NEEDS = {
  'tools/list': 'mcp.list',
  'tools/call': 'mcp.call',
  'resources/list': 'mcp.list',
  'resources/templates/list': 'mcp.list',
  'resources/read': 'mcp.read',
  'resources/subscribe': 'mcp.read',
  'resources/unsubscribe': 'mcp.read',
  'subscriptions/listen': 'mcp.list',
  'prompts/list': 'mcp.list',
  'prompts/get': 'mcp.read',
  'completion/complete': 'mcp.read',
  'logging/setLevel': 'mcp.list',
  'tasks/get': 'mcp.call',
  'tasks/update': 'mcp.call',
  'tasks/cancel': 'mcp.call',
  'tasks/result': 'mcp.call',
} as const satisfies Readonly<Record<string, Permission>>

/** For a method of an extension, under the address of the one server that may know it. */
export const MCP_EXTENSION_NEED: Permission = 'mcp.call'
