/** Recordings: compressed files with one event a line. */
export * as Recording from "./format.js"
export * as Recorder from "./recorder.js"
