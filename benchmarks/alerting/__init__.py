"""What the benchmark of alerts is made of: histories, the player of the real core, baselines and a judge."""
