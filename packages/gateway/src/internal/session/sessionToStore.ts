/** The session that is stored and returned: it stays before the first event that is not acknowledged. */
import * as Option from "effect/Option"
import * as Session from "../../Session.js"
import type { ShardState } from "../state/index.js"

/** Returns the session to store. Its sequence is the number of the last acknowledged event. */
export const fromState = (state: ShardState.ShardState): Option.Option<Session.Session> =>
  Option.map(Option.fromNullable(state.session), (session) => {
    const { id, resumeUrl } = session
    const { identity, shownPresence: presence } = state
    // Events that were not read when the shard's scope closed are replayed to the next process.
    const sequence = state.config.acknowledge === "onHandled"
      ? state.log.acknowledgedIn(session)
      : state.isReleased
      ? state.log.readIn(session)
      : session.sequence
    return new Session.Session({
      id,
      sequence,
      ...(resumeUrl !== undefined && { resumeUrl }),
      ...(identity !== undefined && {
        identity: new Session.Identity({ ...identity, ...(presence !== undefined && { presence }) })
      })
    })
  })
