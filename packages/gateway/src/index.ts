export { Gateway, type FirstKey, type GatewayOptions } from './start.ts'
export { killChildrenNow } from './upstreams/live-children.ts'
export { openState, stateBase, type State, type StateOptions } from './state.ts'
