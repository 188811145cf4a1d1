export { Gateway, type FirstKey, type GatewayOptions } from './start.ts'
export { openState, stateBase, type State, type StateOptions } from './state.ts'
