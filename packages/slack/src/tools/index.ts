export { everyTool } from './every-tool.ts'
export type { ScopeNeed, SlackTool } from './slack-tool.ts'
