export type { CallRecordDeps, FinishedCall } from './call-record.ts'
export { defineTool } from './tool.ts'
export type { Tool, ToolBlock, ToolCall, ToolHints, ToolOutcome } from './tool.ts'
export {
  ToolApplication,
  type ToolApplicationDeps,
  type ToolApplicationOptions,
} from './tool-application.ts'
export type { ShowsTool } from './tool-list.ts'
