/**
 * Events for tests, with what matters put in.
 *
 * @since 0.1.0
 */
export * as Builder from "./Builder.js"

/**
 * What a test waits for at the gateway's side.
 *
 * @since 0.1.0
 */
export * as Expect from "./Expect.js"

/**
 * What can go wrong with a gateway.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * A full payload for every event.
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
 * What a simulated gateway saw and did.
 *
 * @since 0.1.0
 */
export * as LogEntry from "./LogEntry.js"

/**
 * What goes wrong, when, and for whom.
 *
 * @since 0.1.0
 */
export * as Scenario from "./Scenario.js"

/**
 * A Clock for long histories.
 *
 * @since 0.1.0
 */
export * as VirtualClock from "./VirtualClock.js"

/**
 * A made-up corner of Discord.
 *
 * @since 0.1.0
 */
export * as World from "./World.js"
