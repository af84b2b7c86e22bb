/** Addresses that other machines cannot reach. */

/** Whether an address is this machine's alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host)
