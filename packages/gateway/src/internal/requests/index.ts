/** Commands with an answer: guild members and voice states. */
export * as GuildMembers from "./guildMembers.js"
export * as VoiceState from "./voiceState.js"
