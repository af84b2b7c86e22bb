import type * as EventType from "@vesper/model/EventType"
import type { Kind } from "../../GuildStore.js"

/** Events of guilds, which every kind needs. */
const ofGuilds: ReadonlyArray<EventType.EventType> = ["READY", "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"]

const byKind: { readonly [K in Kind]: ReadonlyArray<EventType.EventType> } = {
  channels: ["CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"],
  threads: ["THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC", "CHANNEL_DELETE"],
  roles: ["GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"],
  members: [
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_REMOVE",
    "GUILD_MEMBERS_CHUNK",
    "GUILD_ROLE_DELETE"
  ],
  voiceStates: ["VOICE_STATE_UPDATE"]
}

/** Returns the events that change entities of the kinds, each once. */
export const selectEvents = (kinds: ReadonlyArray<Kind>): ReadonlyArray<EventType.EventType> =>
  Array.from(new Set([...ofGuilds, ...kinds.flatMap((kind) => byKind[kind])]))
