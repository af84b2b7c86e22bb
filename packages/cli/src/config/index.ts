/** Values that users write: on the command line, in the environment and in files. */
export * as ConfigFile from "./configFile.js"
export { isNestedTooDeeply, maxDepth, nestedTooDeeply, writeData } from "./depth.js"
export { parseDuration } from "./duration.js"
export { describeIssue } from "./schemaIssue.js"
export * as ShardSelection from "./shardSelection.js"
export { didYouMean, nearest } from "./suggestion.js"
export * as Token from "./token.js"
