/** Validation of options, and the only parser of tokens. */
export * as Check from "./check.js"
export * as Token from "./token.js"
