/** The registrations inside `Events.Handlers`. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as Intents from "@vesper/model/Intents"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Events from "../../../Events.js"

/** One handler, its event, and the options that it was registered with. */
export interface Registration<out E, out R> {
  readonly event: EventType.EventName
  readonly from: Option.Option<Events.EventOrigin>
  readonly intents: ReadonlyArray<Intents.Name>
  /** Accepts only events of the name `event`. */
  readonly run: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>
}

/** The representation of `Events.Handlers`. */
export interface HandlersWithRegistrations<out E, out R> extends Events.Handlers<E, R> {
  readonly registrations: ReadonlyArray<Registration<E, R>>
}

/** Returns the registrations in the order in which they run. */
export const getRegistrations = <E, R>(self: Events.Handlers<E, R>): ReadonlyArray<Registration<E, R>> =>
  // All handlers are made by the module `Events`, with registrations.
  (self as HandlersWithRegistrations<E, R>).registrations
