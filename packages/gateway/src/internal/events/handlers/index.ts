/** Calls the handlers of a program: their registrations, and the table of handlers by event. */
export { callHandler, isDone } from "./callHandler.js"
export * as HandlerTable from "./handlerTable.js"
export { getRegistrations } from "./registration.js"
export type { Registration } from "./registration.js"
