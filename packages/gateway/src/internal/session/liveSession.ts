/** The session that a shard has now. */

/** A session of this process. Its sequence grows with each event. */
export interface LiveSession {
  readonly id: string
  readonly resumeUrl: string | undefined
  /** The sequence of READY, or the last one of an earlier process. Events up to it cannot be replayed. */
  readonly since: number
  /** The sequence of the last event received. */
  sequence: number
}
