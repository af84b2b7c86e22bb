/** The session to resume: the check of its identity, and its store. */
export * as Identity from "./identity.js"
export type { LiveSession } from "./liveSession.js"
export * as SessionPersistence from "./persistence.js"
export * as StoredSession from "./storedSession.js"
