// LogCommandsTests
