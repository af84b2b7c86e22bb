/** The session to resume: the check of its identity, and its store. */
export * as Identity from "./identity.js"
export type { LiveSession } from "./liveSession.js"
export * as SessionSaver from "./saver.js"
export * as SessionToStore from "./sessionToStore.js"
