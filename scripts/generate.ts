/**
 * Writes what is generated from the schema, the error table and the claims. `--check` writes nothing and
 * exits 1 when a file differs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openApiDocument, ROUTES } from '@sallyport/contract/admin'
import { CLAIMS } from '@sallyport/contract/claims'
import { configJsonSchema, rawConfigJsonSchema } from '@sallyport/contract/config'
import { BUILT_IN_ROLES } from '@sallyport/kit/roles'
import { everyTool } from '@sallyport/slack/tools'
import { CLAIMS_PAGE, readCitations } from './citations.ts'
import { checklistPage, coveragePage } from './checklist-pages.ts'
import { claimsPage } from './claims-page.ts'
import { permissionsPage } from './permissions-page.ts'
import { codesWithoutAdvice, configPage, errorsPage } from './reference.ts'
import { slackToolsPage } from './slack-tools-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const FILES: Readonly<Record<string, () => string>> = {
  'schema/sallyport.schema.json': () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  'docs/config.md': () => configPage(rawConfigJsonSchema()),
  'docs/errors.md': errorsPage,
  'docs/permissions.md': () => permissionsPage(BUILT_IN_ROLES, ROUTES),
  'docs/slack/tools.md': () => slackToolsPage(everyTool()),
  'docs/checklist.md': checklistPage,
  'docs/checklist-coverage.md': coveragePage,
  'schema/openapi.json': () => `${JSON.stringify(openApiDocument(ROUTES), null, 2)}\n`,
  [CLAIMS_PAGE]: () => claimsPage(CLAIMS, readCitations(ROOT).tests),
}

function run(check: boolean): number {
  let stale = 0
  for (const code of codesWithoutAdvice()) {
    console.error(`scripts/reference.ts: the error code ${code} has no advice`)
    stale += 1
  }
  for (const [name, make] of Object.entries(FILES)) {
    const file = join(ROOT, name)
    const text = make()
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    if (check) {
      console.error(`${name} is out of date; run "npm run generate"`)
      stale += 1
    } else {
      writeFileSync(file, text)
      console.log(`${name} written`)
    }
  }
  return stale > 0 ? 1 : 0
}

process.exitCode = run(process.argv.includes('--check'))
