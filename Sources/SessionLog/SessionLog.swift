// SessionLog: see docs/ARCHITECTURE.md for what this room may import.
