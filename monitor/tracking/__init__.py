"""Pure rules of watching a source: who is who, when to come again, how it fares."""
