// ChatProtocolTests
