import { createAnswerer, ECHO_TOOLS } from './answers.ts'
import { serveLines } from './serve-lines.ts'

serveLines(createAnswerer(ECHO_TOOLS))
