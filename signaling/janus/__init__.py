"""What the engine needs to talk to a Janus server: its API, and its session descriptions."""
