/** The hostile server: `node main.ts stdio|http|sse legacy|modern [PORT]`. See ../README.md. */
import { serveHttp } from './http-form.ts'
import { serveSse } from './sse-form.ts'
import { serveStdio } from './stdio-form.ts'
import type { Era } from './wire.ts'

const [form, era = 'legacy', port = '0'] = process.argv.slice(2)
if (form === 'stdio') serveStdio(era as Era) // written by the harness
else if (form === 'http') await serveHttp(era as Era, Number(port)) // likewise
else if (form === 'sse') await serveSse(Number(port))
else throw new Error(`there is no form ${form}`)
