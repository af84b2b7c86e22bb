/** Commands that wait for an answer: guild members and voice states. */
export * as MemberRequest from "./memberRequest.js"
export * as VoiceState from "./voiceState.js"
