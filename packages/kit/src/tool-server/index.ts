export { defineTool } from './tool.ts'
export type { Tool, ToolBlock, ToolCall, ToolHints, ToolOutcome } from './tool.ts'
