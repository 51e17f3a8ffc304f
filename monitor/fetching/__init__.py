"""The only HTTP that reads sources: bounds, politeness, conditional requests, and the guard of addresses."""
