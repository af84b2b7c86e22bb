/** The session to resume: the check of its identity, and its store. */
export * as BotId from "./botId.js"
export * as Identity from "./identity.js"
export * as SessionPersistence from "./persistence.js"
