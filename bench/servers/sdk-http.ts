import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createEchoServer } from './sdk-server.ts'
import { serve } from './serve.ts'

const handler = toNodeHandler(createMcpHandler(createEchoServer))

serve((request, response) => {
  // The adapter's type wants absent properties absent; at run time it is made for this very class.
  void handler(request as Parameters<typeof handler>[0], response)
})
