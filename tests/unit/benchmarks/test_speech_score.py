"""The score falls as speech becomes harder to understand, whenever it comes and however loud it is."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speech_score import ESPEAK, INTELLIGIBLE, Samples, aligned, score, spoken

RATE_HZ = 16_000
FRAME = RATE_HZ // 50

pytestmark = pytest.mark.skipif(not Path(ESPEAK).exists(), reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def speech() -> Samples:
    return spoken(RATE_HZ)


def without_frames(speech: Samples, share: float) -> Samples:
    chance = np.random.default_rng(7)
    kept = chance.random(len(speech) // FRAME + 1) >= share
    return speech * np.repeat(kept, FRAME)[: len(speech)]


def noise_of_speech(speech: Samples) -> Samples:
    """Noise with the spectrum and the loudness of the speech."""
    spectrum = np.abs(np.fft.rfft(speech))
    phase = np.random.default_rng(7).uniform(0, 2 * np.pi, len(spectrum))
    noise = np.fft.irfft(spectrum * np.exp(1j * phase), len(speech))
    return noise * speech.std() / noise.std()


def test_clean_speech_scores_one(speech: Samples) -> None:
    assert score(speech, speech, RATE_HZ) > 0.99


def test_of_noise_alone_and_of_silence_nothing_is_understood(speech: Samples) -> None:
    assert score(speech, np.random.default_rng(7).normal(size=len(speech)), RATE_HZ) < 0.05
    assert score(speech, noise_of_speech(speech), RATE_HZ) < 0.05
    assert score(speech, np.zeros(len(speech)), RATE_HZ) == 0
    assert score(speech, np.zeros(0), RATE_HZ) == 0


def test_other_words_by_the_same_voice_are_no_understanding(speech: Samples) -> None:
    other = spoken(
        RATE_HZ, "Nothing of what was asked for is said here, though somebody speaks for a while. " * 3
    )
    assert score(speech, other, RATE_HZ) < 0.1


def test_the_more_frames_are_missing_the_lower_is_the_score(speech: Samples) -> None:
    scores = [score(speech, without_frames(speech, share), RATE_HZ) for share in (0.0, 0.1, 0.3, 0.5, 0.8)]
    assert all(less < more - 0.05 for more, less in itertools.pairwise(scores))
    assert scores[2] < 0.8, "30 % missing is clearly lower than clean"


def test_what_counts_as_intelligible_is_speech_in_equally_loud_noise(speech: Samples) -> None:
    assert score(speech, speech + noise_of_speech(speech), RATE_HZ) == pytest.approx(INTELLIGIBLE, abs=0.04)


@pytest.mark.parametrize("delay_s", [-0.05, 0.013, 3.7])
def test_when_and_how_loud_it_comes_changes_nothing(speech: Samples, delay_s: float) -> None:
    shift = round(delay_s * RATE_HZ)
    shifted = speech[-shift:] if shift < 0 else np.pad(speech, (shift, RATE_HZ))
    assert score(speech, 0.02 * shifted, RATE_HZ) > 0.98


def test_a_jitter_buffer_that_stretches_costs_little(speech: Samples) -> None:
    """40 ms are heard twice, and later 30 ms are left out."""
    a, b = len(speech) // 3, len(speech) // 3 * 2
    stretched = np.concatenate((speech[:a], speech[a - 2 * FRAME : b], speech[b + FRAME * 3 // 2 :]))
    assert score(speech, stretched, RATE_HZ) > 0.95


def test_what_is_aligned_is_as_long_as_the_reference(speech: Samples) -> None:
    for received in (speech[: len(speech) // 2], np.pad(speech, 10 * RATE_HZ), np.zeros(3)):
        assert len(aligned(speech, received, RATE_HZ)) == len(speech)


def test_too_short_a_reference_is_refused(speech: Samples) -> None:
    with pytest.raises(ValueError, match="half a second"):
        score(np.zeros(RATE_HZ), speech, RATE_HZ)
    with pytest.raises(ValueError, match="half a second"):
        score(speech[: RATE_HZ // 4], speech, RATE_HZ)
