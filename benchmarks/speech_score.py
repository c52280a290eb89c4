"""How intelligible speech is after it came through a line: a number between 0 and 1 against what was said.

The measure is ESTOI (Jensen and Taal, IEEE/ACM TASLP 24(11), 2016), as in pystoi (MIT): it follows how the
loudness of 15 bands moves together in pieces of 0.4 s, so holes count as well as noise. Its older sister STOI
gives pure noise 0.4. The ITU's code of PESQ comes under terms of its own, so it is not used.
"""

import subprocess
import wave
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi
from scipy.signal import correlate, resample_poly

ESPEAK = "/usr/bin/espeak-ng"
SENTENCES = (
    "The scan of the left lung shows a small nodule close to the pleura. Please turn the probe a little to"
    " the right, and hold it there. Her blood pressure was one hundred and thirty over eighty this morning."
    " We shall look at the images again in three months, or earlier if the cough comes back."
)
# Speech in noise of its own spectrum, equally loud: more than nine words of ten are understood there (half of
# them at -7 to -5 dB; Plomp and Mimpen, Audiology 18, 1979). The sentences above score this much in it.
INTELLIGIBLE = 0.46

PIECE_S = 0.25
STRAYS_S = 0.08  # how far the delay may move from one piece to the next
ALIKE = 0.3  # correlation from which a piece is believed to be found

Samples = NDArray[np.float64]


def spoken(sample_rate_hz: int, text: str = SENTENCES) -> Samples:
    """Return the text as espeak-ng speaks it: mono, full scale is 1. The same on every run."""
    command = [ESPEAK, "-v", "en", "-s", "150", "--stdout", text]
    with wave.open(BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64) / 32_768
        return resample_poly(samples, sample_rate_hz, file.getframerate())


def score(reference: Samples, received: Samples, sample_rate_hz: int) -> float:
    """Return the intelligibility of what was received of the reference.

    Args:
        reference: (n,) what was said, mono; at least half a second of speech.
        received: (m,) what was heard, mono, at any loudness. It may begin earlier or later, and a jitter
            buffer may have stretched it.

    Returns:
        0: nothing can be understood, 1: as clear as the reference.

    Raises:
        ValueError: there is too little speech in the reference.
    """
    if np.count_nonzero(reference) < 0.5 * sample_rate_hz:
        raise ValueError("the reference holds less than half a second of sound")
    heard = aligned(reference, received, sample_rate_hz)
    if not heard.any():
        return 0.0
    return float(np.clip(stoi(reference, heard, sample_rate_hz, extended=True), 0.0, 1.0))


def aligned(reference: Samples, received: Samples, sample_rate_hz: int) -> Samples:
    """Return (n,) what was received, each piece of it at the place of the reference that it is alike."""
    piece, strays = int(PIECE_S * sample_rate_hz), int(STRAYS_S * sample_rate_hz)
    margin = len(reference) + strays
    padded = np.pad(received, (margin, margin + piece))
    lag = int(np.argmax(correlate(padded, reference, mode="valid")))
    placed = []
    for start in range(0, len(reference), piece):
        said = reference[start : start + piece]
        first = max(0, start + lag - strays)
        lag = (
            first - start + _found(said, padded[first : first + len(said) + 2 * strays], start + lag - first)
        )
        placed.append(padded[start + lag : start + lag + len(said)])
    return np.concatenate(placed)


def _found(said: Samples, heard: Samples, expected: int) -> int:
    """Return where in `heard` the piece begins; where it was expected if nothing is alike."""
    alike = correlate(heard, said, mode="valid")
    loudness = np.cumsum(np.concatenate(([0.0], heard**2)))
    scale = np.sqrt((loudness[len(said) :] - loudness[: -len(said)]) * (said**2).sum())
    alike = np.divide(alike, scale, out=np.zeros_like(alike), where=scale > 1e-6)
    best = int(np.argmax(alike))
    return best if alike[best] >= ALIKE else expected
