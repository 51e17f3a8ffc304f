"""Pure rules of telling people: which mention becomes an alert, for whom, and what the message says."""
