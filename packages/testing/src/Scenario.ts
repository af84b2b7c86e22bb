/**
 * Faults at their times: a value that a simulator runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Fault from "./Fault.js"
import type * as GatewaySimulator from "./GatewaySimulator.js"

/**
 * A fault at its time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  /** The time after the start. */
  readonly at: Duration.DurationInput
  /** The fault to inject. */
  readonly fault: Fault.Fault
  /** The connections that it affects. Default: all connections. */
  readonly target?: GatewaySimulator.Target | undefined
}

/**
 * Faults in any order.
 *
 * @since 0.1.0
 * @category models
 */
export type Scenario = ReadonlyArray<Step>

/**
 * Makes a scenario of its steps.
 *
 * @example
 * ```ts
 * import { Fault, Scenario } from "@vesper/testing"
 *
 * export const badAfternoon = Scenario.make(
 *   { at: "10 seconds", fault: Fault.Drop(), target: { shard: 0 } },
 *   { at: "1 minute", fault: Fault.InvalidSession({ resumable: false }) }
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (...steps: ReadonlyArray<Step>): Scenario => steps
