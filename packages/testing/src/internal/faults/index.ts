/** Checks the numbers and durations of faults against their bounds. */
export * as Check from "./check.js"
