/** The table of combinations: each kind of reader in each mode and life. */
import { testCells } from "./table.js"

testCells("a fleet")
