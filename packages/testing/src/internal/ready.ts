/** The first event of a session. */
import * as Answers from "./answers.js"
import type { Session } from "./gateway.js"
import type { Guild } from "./objects.js"

export const body = (session: Session, guilds: ReadonlyArray<Guild>, resumeUrl: string): object => ({
  v: 10,
  user: { id: Answers.botId, username: "vesper", discriminator: "0", global_name: null, avatar: null, bot: true },
  guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
  session_id: session.id,
  resume_gateway_url: resumeUrl,
  session_type: "normal",
  shard: [session.shard.id, session.shard.total],
  application: { id: "1", flags: 0 }
})
