/** Items that readers of a shard receive: dispatches, and control items about its connections. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Option from "effect/Option"
import type * as ShardError from "../../../ShardError.js"
import type { LiveSession } from "../../session/index.js"

/** One dispatch. All cursors share it. It is parsed at most once, on first demand. */
export class Entry {
  readonly _tag = "Dispatch"
  /** Grows with every item that any log of the process offers to its cursors. */
  position = 0
  readonly size: number
  parsed: Dispatch.Dispatch | ShardError.DeserializationError | undefined = undefined
  /** True after the parsed body was compared with its schema. */
  isChecked = false
  /** True after a diagnostic was published for a body that cannot be parsed. */
  isReported = false
  readonly session: LiveSession
  readonly t: string
  readonly s: number
  /** The body, or the whole payload if the fields of its envelope are not in Discord's order. */
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

/** Returns the payload as it was received. The envelope before a body always has the same form. */
export const toPayload = ({ isBody, s, t, text }: Entry): string =>
  isBody ? `{"t":"${t}","s":${s},"op":0,"d":${text}}` : text

/** Items besides dispatches, which only `nextEvent` and `nextMessage` read. */
export type ControlItem =
  | { readonly _tag: "Control"; readonly text: string; position: number }
  | { readonly _tag: "Close"; readonly frame: Option.Option<CloseFrame.CloseFrame>; position: number }
  | { readonly _tag: "Failure"; readonly error: ShardError.RecoverableError; position: number }

export type Item = Entry | ControlItem

/** Returns the length of the item's text, as far as it counts against `capacityBytes`. */
export const getSize = (item: Item): number => item._tag === "Dispatch" ? item.size : 0

let last = 0

/** Returns the next position. One counter for the process, so that the items of several shards have one order. */
export const nextPosition = (): number => ++last

/** Returns the position of the last offered item. */
export const lastPosition = (): number => last
