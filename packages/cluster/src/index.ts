/** Shows and changes a cluster from outside. @since 0.1.0 */
export * as ClusterAdmin from "./ClusterAdmin.js"
/** Builds @effect/cluster for a fleet. @since 0.1.0 */
export * as ClusterEngine from "./ClusterEngine.js"
/** Errors of the runners of a cluster. @since 0.1.0 */
export * as ClusterError from "./ClusterError.js"
/** The shards of a bot on many machines. @since 0.1.0 */
export * as ClusterFleet from "./ClusterFleet.js"
/** The runners of a cluster, and the places of its shards. @since 0.1.0 */
export * as ClusterStatus from "./ClusterStatus.js"
/** @effect/cluster on Node for a fleet. @since 0.1.0 */
export * as NodeCluster from "./NodeCluster.js"
/** One identify queue for all runners of a cluster. @since 0.1.0 */
export * as SqlIdentifyQueue from "./SqlIdentifyQueue.js"
/** Sessions in a database, for shards that are not in a cluster. @since 0.1.0 */
export * as SqlSessionStore from "./SqlSessionStore.js"
