"""The judge: who is meant, in what language, how it is felt and how much it matters; pure, without I/O or history."""
