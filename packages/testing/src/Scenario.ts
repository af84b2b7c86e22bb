/**
 * What goes wrong, when, and for whom: a value that a simulator runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Fault from "./Fault.js"
import type * as GatewaySimulator from "./GatewaySimulator.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Step {
  /** How long after the start. */
  readonly at: Duration.DurationInput
  readonly fault: Fault.Fault
  /** Default: all connections. */
  readonly target?: GatewaySimulator.Target | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type Scenario = ReadonlyArray<Step>

/**
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
