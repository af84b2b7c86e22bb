/**
 * Events for tests.
 *
 * @since 0.1.0
 */
export * as Builder from "./Builder.js"

/**
 * Expectations about commands.
 *
 * @since 0.1.0
 */
export * as Expect from "./Expect.js"

/**
 * Faults of a gateway.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * A complete payload for every event.
 *
 * @since 0.1.0
 */
export * as Fixture from "./Fixture.js"

/**
 * A simulated gateway behind a real websocket server.
 *
 * @since 0.1.0
 */
export * as GatewayServer from "./GatewayServer.js"

/**
 * A simulated Discord gateway.
 *
 * @since 0.1.0
 */
export * as GatewaySimulator from "./GatewaySimulator.js"

/**
 * Entries of a simulated gateway's log.
 *
 * @since 0.1.0
 */
export * as LogEntry from "./LogEntry.js"

/**
 * Replies to interactions.
 *
 * @since 0.1.0
 */
export * as Reply from "./Reply.js"

/**
 * Faults of the HTTP API.
 *
 * @since 0.1.0
 */
export * as RestFault from "./RestFault.js"

/**
 * Faults at their times.
 *
 * @since 0.1.0
 */
export * as Scenario from "./Scenario.js"

/**
 * A Clock for simulations of hours and days.
 *
 * @since 0.1.0
 */
export * as VirtualClock from "./VirtualClock.js"

/**
 * Generated guilds and events.
 *
 * @since 0.1.0
 */
export * as World from "./World.js"
