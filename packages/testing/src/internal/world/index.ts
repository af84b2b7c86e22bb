/** A generated part of Discord: guilds, the bot in them, their state, and events. */
export * as Activity from "./activity.js"
export * as Bot from "./bot.js"
export * as Guilds from "./guilds.js"
export * as Interactions from "./interactions.js"
export { plainMessage } from "./message.js"
export * as State from "./state.js"
