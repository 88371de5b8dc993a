// LogFilesTests
