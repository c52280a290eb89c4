"""Who speaks in a room, by the audio levels of RFC 6464. Pure: times are given from outside.

Each has a score: how loud they were above a quiet room in the last second or so. Whoever speaks stays the
speaker in pauses and through a cough of somebody else; another takes over by being clearly louder.
"""

import math
from dataclasses import dataclass, field

QUIET_LEVEL = 50  # -dBov: what is not louder than this is a quiet room
MEMORY_S = 1.0
PACKET_S = 0.06  # of sound, at most (RFC 7587 section 4.2)
SPEECH_SCORE = 12.0  # dB above a quiet room, on average: speech at -25 dBov has it after 0.65 s
CLEARLY = 2.0  # times the speaker's score
LEAST_HOLD_S = 1.5


@dataclass(slots=True)
class Loudness:
    score: float = 0.0
    heard_at_s: float = float("-inf")

    def add(self, level: int, at_s: float) -> None:
        # After a pause a packet stands for its own time only.
        weight = -math.expm1(-min(at_s - self.heard_at_s, PACKET_S) / MEMORY_S)
        self.score = self.at(at_s) + weight * max(0, QUIET_LEVEL - level)
        self.heard_at_s = at_s

    def at(self, at_s: float) -> float:
        """It fades while nothing comes, as in silence with DTX."""
        return self.score * math.exp((self.heard_at_s - at_s) / MEMORY_S)


@dataclass(slots=True)
class ActiveSpeaker:
    """Of one room. `speaker` is None until somebody speaks."""

    speaker: str | None = None
    _loudness: dict[str, Loudness] = field(default_factory=dict)
    _since_s: float = float("-inf")

    def hear(self, name: str, level: int, at_s: float) -> None:
        """A packet of somebody's sound.

        Args:
            level: 0 is the loudest, 127 is silence (-dBov).
        """
        self._loudness.setdefault(name, Loudness()).add(level, at_s)

    def leave(self, name: str) -> None:
        self._loudness.pop(name, None)
        if self.speaker == name:
            self.speaker, self._since_s = None, float("-inf")

    def choose(self, at_s: float) -> str | None:
        scores = {name: loudness.at(at_s) for name, loudness in self._loudness.items()}
        loudest = max(scores, key=lambda name: scores[name], default=None)
        if loudest is None or loudest == self.speaker or scores[loudest] < SPEECH_SCORE:
            return self.speaker
        is_clear = scores[loudest] >= CLEARLY * scores.get(self.speaker or "", 0.0)
        if not is_clear or at_s - self._since_s < LEAST_HOLD_S:
            return self.speaker
        self.speaker, self._since_s = loudest, at_s
        return loudest
