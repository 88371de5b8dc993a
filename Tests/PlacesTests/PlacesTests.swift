// PlacesTests
