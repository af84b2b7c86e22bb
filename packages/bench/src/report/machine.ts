/** Describes the machine of a measurement. */
import * as Os from "node:os"

export const machine = (): string => {
  const [cpu] = Os.cpus()
  return `${cpu?.model.trim() ?? "an unknown processor"}, ${Os.availableParallelism()} cores, ${Os.type()} ${Os.arch()}`
}
