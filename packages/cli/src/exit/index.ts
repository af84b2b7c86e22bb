/** Errors and exit codes of the command. */
export { CliError, ExitCode, failed, failedWith, misused, noteExitCode, OutputClosed, toExitCode } from "./exit.js"
export { describeFileError, readText } from "./files.js"
