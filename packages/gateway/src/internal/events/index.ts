/** Readers of events: handlers, streams, nextEvent, and the runner of handlers. */
export * as EventStream from "./eventStream.js"
export { getGuildId } from "./guildId.js"
export { NextEvent } from "./nextEvent.js"
export { Readers } from "./readerRegistry.js"
export type { ReaderSource } from "./readerSource.js"
export * as RunForEach from "./runForEach.js"
export type * as Runner from "./runner.js"
