/** A generated part of Discord: guilds, the bot in them, and events. */
export * as Activity from "./activity.js"
export * as Bot from "./bot.js"
export * as Guilds from "./guilds.js"
