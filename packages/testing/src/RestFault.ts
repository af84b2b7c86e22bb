/**
 * Faults of the simulated HTTP API, as plain values.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Fault from "./Fault.js"
import { Check } from "./internal/faults/index.js"

/**
 * A fault of the HTTP API. `route` names a route as the log does, such as `POST /channels/:channel/messages`; by default a
 * rule applies to every route. Rules apply to the next `times` requests:
 * - `RateLimit`: the response is 429 with this scope, and the request has no effect.
 * - `ServerError`: the response has this status, and the request has no effect.
 * - `DropConnection`: the connection is lost. With `isHandled` the request has taken effect, and only the response is lost.
 * - `SlowResponse`: the request takes effect, and the response is sent after a delay.
 *
 * `SkewDate` moves Discord's clock against that of the program, ahead by default: in dates, ids and the times of rate limits.
 *
 * @since 0.1.0
 * @category models
 */
export type RestFault = Data.TaggedEnum<{
  RateLimit: {
    readonly scope: "global" | "route" | "shared"
    readonly retryAfter: Duration.DurationInput
    readonly times: number
    readonly route?: string | undefined
  }
  ServerError: { readonly status: number; readonly times: number; readonly route?: string | undefined }
  DropConnection: { readonly isHandled: boolean; readonly times: number; readonly route?: string | undefined }
  SlowResponse: {
    readonly delay: Duration.DurationInput
    readonly times: number
    readonly route?: string | undefined
  }
  SkewDate: { readonly by: Duration.DurationInput; readonly direction?: "ahead" | "behind" | undefined }
}>

/**
 * A fault that is a rule for the next requests.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestRule = Extract<RestFault, { readonly times: number }>

const fault = Data.taggedEnum<RestFault>()

/**
 * Constructors of every fault.
 *
 * @example
 * ```ts
 * import { GatewaySimulator, RestFault } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   yield* simulator.injectRest(RestFault.RateLimit({ scope: "shared", retryAfter: "2 seconds", times: 1 }))
 *   yield* simulator.injectRest(RestFault.ServerError({ status: 502, times: 3 }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const {
  /**
   * Loses the connection of a request.
   *
   * @since 0.1.0
   */
  DropConnection,
  /**
   * Answers with 429.
   *
   * @since 0.1.0
   */
  RateLimit,
  /**
   * Answers with a status of the server's errors.
   *
   * @since 0.1.0
   */
  ServerError,
  /**
   * Moves Discord's clock.
   *
   * @since 0.1.0
   */
  SkewDate,
  /**
   * Answers late.
   *
   * @since 0.1.0
   */
  SlowResponse
} = fault

const rule = { times: { min: 0, max: Number.POSITIVE_INFINITY } }
const duration: Fault.FieldBounds = { min: 0, max: 30 * 86_400_000 }

/**
 * The bounds of every number and duration of a fault. A status is one of an error, a duration is at most 30 days, and
 * `times` may be infinite, for every request.
 *
 * @since 0.1.0
 * @category constants
 */
export const bounds = {
  RateLimit: { ...rule, retryAfter: duration },
  ServerError: { ...rule, status: { min: 400, max: 599 } },
  DropConnection: rule,
  SlowResponse: { ...rule, delay: duration },
  SkewDate: { by: duration }
} satisfies { readonly [Tag in RestFault["_tag"]]: { readonly [field: string]: Fault.FieldBounds } }

/**
 * Returns the fault if its fields are within `bounds`.
 *
 * @since 0.1.0
 * @category operations
 */
export const validate = <F extends RestFault>(self: F): Either.Either<F, Fault.InvalidFaultError> => {
  const problem = Check.problem(self, bounds)
  return problem === undefined
    ? Either.right(self)
    : Either.left(new Fault.InvalidFaultError({ fault: self._tag, problem }))
}
