/** Publishes diagnostics and writes their log lines, throttled. */
export * as LossLine from "./lossLine.js"
export { publish, report, reportTo, setSource } from "./report.js"
