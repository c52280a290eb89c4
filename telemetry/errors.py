"""What can be wrong with the settings of metrics and logs."""


class TelemetryUnclear(ValueError):
    """A setting of metrics or logs is not what docs/operations.md describes."""
