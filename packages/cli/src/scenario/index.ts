/** Faults and events from flags and files. */
export { faultNames, parse, parseFlag, run, type Step } from "./scenario.js"
