/** The body of READY. */
import type * as World from "../../World.js"
import { Bot } from "../world/index.js"
import type { Session } from "./gateway.js"

/** Returns the body; `resumeUrl` undefined omits the resume URL. */
export const body = (
  session: Session,
  guilds: ReadonlyArray<World.Guild>,
  resumeUrl: string | undefined,
  applicationFlags: number
): object => ({
  v: 10,
  user: Bot.currentUser,
  guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
  session_id: session.id,
  ...(resumeUrl !== undefined && { resume_gateway_url: resumeUrl }),
  session_type: "normal",
  shard: [session.shard.id, session.shard.total],
  application: { id: Bot.id, flags: applicationFlags },
  // Undocumented fields that Discord sends, and that caches of some clients read.
  private_channels: [],
  presences: [],
  relationships: [],
  guild_join_requests: [],
  geo_ordered_rtc_regions: [],
  user_settings: {},
  _trace: ["[\"simulator\"]"]
})
