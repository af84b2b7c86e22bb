/** Changes of the state by events: the events of each kind, and the changes of an event. */
export { fromEvent } from "./fromEvent.js"
export type { Kept } from "./fromEvent.js"
export { selectEvents } from "./selectEvents.js"
