"""Pages for people and machines: so far what watches the watcher, /healthz and /metrics, on loopback."""
