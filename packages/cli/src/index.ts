/**
 * What has come in so far, shard by shard.
 *
 * @since 0.1.0
 */
export * as Board from "./Board.js"

/**
 * The `vesper` command.
 *
 * @since 0.1.0
 */
export * as Cli from "./Cli.js"

/**
 * What the command line ends with when something is missing or wrong.
 *
 * @since 0.1.0
 */
export * as CliError from "./CliError.js"

/**
 * Options from a file.
 *
 * @since 0.1.0
 */
export * as ConfigFile from "./ConfigFile.js"

/**
 * What the keys of a live view do.
 *
 * @since 0.1.0
 */
export * as Controls from "./Controls.js"

/**
 * `vesper cluster`.
 *
 * @since 0.1.0
 */
export * as ClusterCommand from "./ClusterCommand.js"

/**
 * `vesper demo`.
 *
 * @since 0.1.0
 */
export * as DemoCommand from "./DemoCommand.js"

/**
 * What a bot needs to run here, and what to do about it.
 *
 * @since 0.1.0
 */
export * as Doctor from "./Doctor.js"

/**
 * `vesper doctor`.
 *
 * @since 0.1.0
 */
export * as DoctorCommand from "./DoctorCommand.js"

/**
 * `vesper explain`.
 *
 * @since 0.1.0
 */
export * as ExplainCommand from "./ExplainCommand.js"

/**
 * `vesper intents`.
 *
 * @since 0.1.0
 */
export * as IntentsCommand from "./IntentsCommand.js"

/**
 * What there is to know about codes, events, errors and intents.
 *
 * @since 0.1.0
 */
export * as Reference from "./Reference.js"

/**
 * `vesper queue`.
 *
 * @since 0.1.0
 */
export * as QueueCommand from "./QueueCommand.js"

/**
 * What the process ends with.
 *
 * @since 0.1.0
 */
export * as ExitCode from "./ExitCode.js"

/**
 * `vesper run`.
 *
 * @since 0.1.0
 */
export * as RunCommand from "./RunCommand.js"

/**
 * How a board looks, as text.
 *
 * @since 0.1.0
 */
export * as View from "./View.js"

/**
 * Runs shards in front of the user's eyes.
 *
 * @since 0.1.0
 */
export * as Watch from "./Watch.js"

/**
 * What happens in a simulation, by flags or from a file.
 *
 * @since 0.1.0
 */
export * as ScenarioFile from "./ScenarioFile.js"

/**
 * Which shards to run, as people write it.
 *
 * @since 0.1.0
 */
export * as Shards from "./Shards.js"

/**
 * `vesper simulate`.
 *
 * @since 0.1.0
 */
export * as SimulateCommand from "./SimulateCommand.js"

/**
 * What a simulated gateway has seen so far.
 *
 * @since 0.1.0
 */
export * as SimulatorBoard from "./SimulatorBoard.js"

/**
 * A moment of a simulated gateway as plain data.
 *
 * @since 0.1.0
 */
export * as SimulatorSnapshot from "./SimulatorSnapshot.js"

/**
 * How a simulated gateway looks, as text.
 *
 * @since 0.1.0
 */
export * as SimulatorView from "./SimulatorView.js"

/**
 * A moment of a live view as plain data.
 *
 * @since 0.1.0
 */
export * as Snapshot from "./Snapshot.js"

/**
 * The status page of a live view, and what orchestrators and Prometheus ask for.
 *
 * @since 0.1.0
 */
export * as StatusServer from "./StatusServer.js"

/**
 * What shards have received, as lines of JSON.
 *
 * @since 0.1.0
 */
export * as Recording from "./Recording.js"

/**
 * `vesper replay`.
 *
 * @since 0.1.0
 */
export * as ReplayCommand from "./ReplayCommand.js"

/**
 * Runs a simulated gateway in front of the user's eyes.
 *
 * @since 0.1.0
 */
export * as SimulatorWatch from "./SimulatorWatch.js"
