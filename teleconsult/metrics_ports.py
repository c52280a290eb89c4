"""At which port each part shows its metrics, counted from TELECONSULT_METRICS_PORT. Standard library only.

| part | port |
|---|---|
| app | N |
| gateway | N + 1 |
| relay, relay-2, ... | N + 2, N + 3, ... |
| the workers, in the order of the table of services | N + 34, N + 35, ... |
"""

from collections.abc import Mapping

from teleconsult.relays import MOST_RELAYS

APP, GATEWAY, FIRST_RELAY = 0, 1, 2
FIRST_WORKER = FIRST_RELAY + MOST_RELAYS


def metrics_port(given: Mapping[str, str], place: int) -> dict[str, str]:
    """What the part at this place is told; nothing where nobody asked for metrics."""
    first = given.get("TELECONSULT_METRICS_PORT", "")
    return {"TELECONSULT_METRICS_PORT": str(int(first) + place)} if first.isdecimal() else {}
