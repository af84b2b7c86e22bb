/** Publishes diagnostics and writes their log lines, throttled. */
export * as DisconnectLog from "./disconnectLog.js"
export { publish, report, setSource } from "./report.js"
