/** Figures of this process. */

/** Memory in use after a garbage collection; needs `node --expose-gc` to be exact. */
export const memory = (): { readonly heap: number; readonly rss: number } => {
  // Twice, for what finalizers let go of.
  globalThis.gc?.()
  globalThis.gc?.()
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

/** Sockets and timers that keep the process alive. */
export const resources = (): { readonly sockets: number; readonly timers: number } => {
  const all = process.getActiveResourcesInfo()
  const count = (pattern: RegExp) => all.filter((name) => pattern.test(name)).length
  return { sockets: count(/TCP|TLS/), timers: count(/Timeout/) }
}

export const percentile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = Array.from(values).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}
