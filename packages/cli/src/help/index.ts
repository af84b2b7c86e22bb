/** Help, checks of names, completions and examples. */
export * as Arguments from "./arguments.js"
export * as CommandTree from "./commandTree.js"
export * as Completions from "./completions.js"
export { render } from "./help.js"
