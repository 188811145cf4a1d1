import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createEchoServer } from './sdk-server.ts'

serveStdio(createEchoServer)
