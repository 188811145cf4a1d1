import { createAnswerer, ECHO_TOOLS } from './answers.ts'
import { serveBare } from './serve.ts'

serveBare(createAnswerer(ECHO_TOOLS))
