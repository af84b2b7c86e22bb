/** Errors and exit codes of the command. */
export { CliError, ExitCode, exitCodeOf, failed, failedWith, misused, noteExitCode, OutputClosed } from "./exit.js"
export { reasonOf } from "./files.js"
