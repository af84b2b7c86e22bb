/** Validation of options. */
export * as Check from "./check.js"
