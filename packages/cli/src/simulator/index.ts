/** A simulated gateway for any bot: with made-up traffic, or with that of a recording. */
export { replay } from "./replay.js"
export { simulate } from "./simulate.js"
