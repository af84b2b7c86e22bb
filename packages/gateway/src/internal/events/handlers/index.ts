/** Calls the handlers of a program: their registrations, and the table of handlers by event. */
export * as FailingHandler from "./failingHandler.js"
export * as FleetHandler from "./fleetHandler.js"
export * as HandlerTable from "./handlerTable.js"
export { isDone } from "./isDone.js"
export { getRegistrations } from "./registration.js"
export type { Registration } from "./registration.js"
