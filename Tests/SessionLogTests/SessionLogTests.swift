// SessionLogTests
