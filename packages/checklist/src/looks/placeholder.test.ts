import { expect, test } from 'vitest'
import { placeholderIn } from './placeholder.ts'

test.each([
  ['DISCORD_TOKEN', 'your-token'],
  ['DISCORD_TOKEN', 'your_discord_token_here'],
  ['API_KEY', 'changeme'],
  ['API_KEY', 'CHANGE_ME'],
  ['API_KEY', '<insert key>'],
  ['API_KEY', 'sk-xxxxxxxx'],
  ['API_KEY', 'xxx'],
  ['API_KEY', 'todo'],
  ['SLACK_CLIENT_ID', 'required'],
  ['ALLOWED_ORIGINS', 'recommended'],
  ['PUBLIC_BASE_URL', 'https://mcp.example.com'],
  ['SLACK_REDIRECT_URI', 'https://yourdomain.com/callback'],
  ['AWS_ACCESS_KEY', 'AKIAIOSFODNN7EXAMPLE'],
  ['MCP_AUTH_TOKEN', '$(openssl rand -hex 32)'],
  ['MCP_AUTH_TOKEN', '`openssl rand -hex 32`'],
  ['GUILD_ID', '...'],
])('%s=%s was left by a template [check/env/no-placeholders]', (name, value) => {
  expect(placeholderIn(name, value)).toMatch(/placeholder|command/)
})

test.each([
  ['API_TOKEN', "q'Zt/9+8=;|&<b>Kx2%41"],
  ['EMPTY', ''],
  ['APP_NAME', 'todo-list'],
  ['STATUS', 'Watching your-server'],
  ['TODOIST_TOKEN', '0f2b6c8a91de4c5f'],
  ['FLAVOUR', 'xxl'],
  ['URL', 'https://examples.sallyport.test/here'],
  ['PATTERN', '^<a.*>$'],
  ['REFERENCE', '${OTHER}'],
  ['TEXT', 'replace the tyre'],
])('%s=%s is a value', (name, value) => {
  expect(placeholderIn(name, value)).toBeUndefined()
})
