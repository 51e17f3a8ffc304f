"""Programs that show what the README promises, from outside: figures, and a last line `PROOF name: ok|FAILED …`."""
