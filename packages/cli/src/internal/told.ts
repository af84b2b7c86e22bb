/** What a library says went wrong, in its own words, as what the command ends with. */
import { CliError } from "../CliError.js"

export const told = ({ message }: { readonly message: string }): CliError => new CliError({ message })
