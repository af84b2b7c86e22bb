/** Logs the actions of moderators: deletions, purges, kicks, bans. */
import { Events } from "@vesper/gateway"
import type { Dispatch } from "@vesper/model"
import { Effect, Option } from "effect"
import * as Entry from "./Entry.js"
import { ModerationLog } from "./ModerationLog.js"
import { RecentMessages } from "./RecentMessages.js"

const append = (entry: Entry.Entry) => Effect.flatMap(ModerationLog, (log) => log.append(entry))

const appendIf = Option.match({ onNone: () => Effect.void, onSome: append })

const remember = ({ author, content, id }: Dispatch.DataOf<"MESSAGE_CREATE" | "MESSAGE_UPDATE">) =>
  Effect.flatMap(RecentMessages, (recent) => recent.remember(id, { author: Entry.personOf(author), content }))

export const handlers = Events.handlers({
  MESSAGE_CREATE: ({ d }) => remember(d),
  MESSAGE_UPDATE: ({ d }) => remember(d),
  MESSAGE_DELETE: ({ d }) =>
    Effect.gen(function*() {
      const recent = yield* RecentMessages
      yield* appendIf(Entry.ofDeletion(d, yield* recent.take(d.id)))
    }),
  MESSAGE_DELETE_BULK: ({ d }) => appendIf(Entry.ofPurge(d)),
  GUILD_BAN_ADD: ({ d, s }) => append(Entry.ofBan(d, s)),
  GUILD_BAN_REMOVE: ({ d, s }) => append(Entry.ofUnban(d, s)),
  GUILD_AUDIT_LOG_ENTRY_CREATE: ({ d }) => appendIf(Entry.ofAuditLog(d))
}, { intents: ["MessageContent"] })

export const config = {
  ...Events.config(handlers, { privileged: ["MessageContent"] }),
  // An event is acknowledged when its entry is written; after a crash it is delivered again.
  acknowledge: "onHandled"
} as const

/**
 * Ends with the first entry that cannot be written. A log with silent gaps is worse than none, and
 * nothing is lost: the event is delivered again to the process that resumes the session.
 */
export const run = Events.runUntilFailure(handlers)
