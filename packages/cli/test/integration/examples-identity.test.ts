import { expect, test } from 'vitest'
import { runPage } from '../fixtures/page.ts'

test.each(['12-who-may-what', '16-tenants'])(
  '%s does what its page says',
  async (folder) => {
    const lines = await runPage(folder)
    expect(lines.length).toBeGreaterThan(4)
    for (const { command, says, printed } of lines) {
      expect(printed, command).toContain(says)
    }
  },
  90_000,
)
