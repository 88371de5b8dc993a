// MessengerTests
