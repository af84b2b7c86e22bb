/** What readers of a shard receive: dispatches, and notices about its connections. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Option from "effect/Option"
import type * as ShardError from "../../../ShardError.js"

/** A session whose sequence moves on. */
export interface LiveSession {
  readonly id: string
  readonly resumeUrl: string | undefined
  /** The sequence of READY, or the one that an earlier process ended with: nothing up to it can be replayed. */
  readonly since: number
  /** The sequence of the last event received. */
  sequence: number
}

/** One dispatch. All cursors share it, and it is parsed at most once, on first demand. */
export class Entry {
  readonly _tag = "Dispatch"
  /** Grows with every item that any log of the process offers to its cursors. */
  position = 0
  readonly size: number
  parsed: Dispatch.Dispatch | ShardError.DeserializationError | undefined = undefined
  /** Whether the parsed body was compared with its schema. */
  isChecked = false
  /** Whether a diagnostic was published for a body that cannot be parsed. */
  isReported = false
  readonly session: LiveSession
  readonly t: string
  readonly s: number
  /** The body alone, or the whole payload where its envelope is not in Discord's own order. */
  readonly text: string
  readonly isBody: boolean

  constructor(
    session: LiveSession,
    t: string,
    s: number,
    text: string,
    isBody: boolean
  ) {
    this.session = session
    this.t = t
    this.s = s
    this.text = text
    this.isBody = isBody
    this.size = text.length
  }
}

/** The payload as it was received. The envelope before a body always has the same form. */
export const payloadOf = ({ isBody, s, t, text }: Entry): string =>
  isBody ? `{"t":"${t}","s":${s},"op":0,"d":${text}}` : text

/** What only `nextEvent` and `nextMessage` read besides dispatches. */
export type Notice =
  | { readonly _tag: "Control"; readonly text: string; position: number }
  | { readonly _tag: "Close"; readonly frame: Option.Option<CloseFrame.CloseFrame>; position: number }
  | { readonly _tag: "Failure"; readonly error: ShardError.RecoverableError; position: number }

export type Item = Entry | Notice

export const sizeOf = (item: Item): number => item._tag === "Dispatch" ? item.size : 0

let last = 0

/** The next position. One counter for the process, so that the items of several shards have one order. */
export const nextPosition = (): number => ++last

/** The position of the last item offered so far. */
export const lastPosition = (): number => last
