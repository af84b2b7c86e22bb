/** Commands: their payloads, the values of their options, and their registration with Discord. */
export { type DecodeOption, type OptionPayload } from "./payload.js"
export { checkName, toOptions } from "./payload.js"
export { register, type Registration } from "./registration.js"
export { decodeOptions, findFocused, findLeaf as leafOf } from "./values.js"
