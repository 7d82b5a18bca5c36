"""Every spoken cue as it lies in assets, measured; and that the loudspeaker plays it.

The bounds hold for the rendered voice and for a person's recording alike: a file that was replaced is measured too.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pygame
import pytest

from kiosk.assets import assets_directory
from kiosk.content import read_books
from kiosk.ui.sound import RATE_HZ, SPEECH, Loudspeaker, close_sound, open_sound

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "make_voice.py"
VOICE = assets_directory() / "voice"
LANGUAGES = ("en", "es", "de")
CUES = sorted(read_books(assets_directory())["en"])
WINDOW = RATE_HZ // 50  # 20 ms


def measure(path: Path) -> tuple[list[float], float, float]:
    """Loudness of each 20 ms, of the whole, and the peak; of 1. The format is asserted on the way."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        data = array("h", file.readframes(file.getnframes()))
    squares = [sum(v * v for v in data[at : at + WINDOW]) for at in range(0, len(data), WINDOW)]
    whole = math.sqrt(sum(squares) / len(data)) / 32768
    return [math.sqrt(s / WINDOW) / 32768 for s in squares], whole, max(map(abs, data)) / 32768


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cue_is_spoken_and_no_file_is_left_over(language: str) -> None:
    assert sorted(path.stem for path in (VOICE / language).glob("*")) == CUES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_voice_file_is_short_even_unclipped_and_without_gaps(language: str) -> None:
    found = []
    for cue in CUES:
        windows, whole, peak = measure(VOICE / language / f"{cue}.wav")
        seconds = len(windows) * WINDOW / RATE_HZ
        if not 0.4 <= seconds <= 6:
            found.append(f"{cue}: {seconds:.1f} s long")
        if not 0.3 <= peak <= 0.98:
            found.append(f"{cue}: peak {peak:.2f}")
        if not 0.09 <= whole <= 0.18:
            found.append(f"{cue}: loudness {whole:.3f}")
        quiet = longest = 0
        for index, window in enumerate(windows):
            quiet = quiet + 1 if window < 0.008 else 0
            at_the_edge = quiet == index + 1 or index == len(windows) - 1
            if at_the_edge and quiet > 10:  # a soft final t comes 150 ms after its vowel
                found.append(f"{cue}: silence at an end")
            longest = max(longest, quiet)
        if longest > 20:
            found.append(f"{cue}: {longest * 20} ms of silence")
    assert found == []


def test_the_languages_are_equally_loud() -> None:
    def mean(language: str) -> float:
        some = [measure(VOICE / language / f"{cue}.wav")[1] for cue in CUES[::6]]
        return sum(some) / len(some)

    levels = [mean(language) for language in LANGUAGES]
    assert max(levels) / min(levels) < 1.25  # 2 dB


@pytest.fixture
def loudspeaker() -> Iterator[Loudspeaker]:
    sound, why = open_sound(assets_directory(), enabled=True, step=2)
    assert isinstance(sound, Loudspeaker), why
    yield sound
    close_sound()


@pytest.mark.parametrize("language", LANGUAGES)
def test_say_plays_every_cue_at_its_own_length(loudspeaker: Loudspeaker, language: str) -> None:
    for cue in CUES:
        loudspeaker.say(cue, language, over=True)
        playing = pygame.mixer.Channel(SPEECH).get_sound()
        assert playing is not None, cue
        with wave.open(str(VOICE / language / f"{cue}.wav"), "rb") as file:
            # Taken as it is: the mixer runs at the files' own rate.
            assert playing.get_length() == pytest.approx(file.getnframes() / RATE_HZ, abs=0.01)
    assert loudspeaker.missing == set()


# ------------------------------------------------------------------------------------------------------- the script


def make_voice() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_voice", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_voice"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


needs_script = pytest.mark.skipif(not SCRIPT.is_file(), reason="the script is not in a wheel")


@needs_script
def test_missing_programs_are_named_as_packages_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = make_voice()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script.main(["es", "--into", str(tmp_path / "voice")]) == 2
    assert "Install these Debian packages: sox espeak-ng" in capsys.readouterr().err
    assert not (tmp_path / "voice").exists()


@needs_script
def test_an_unknown_language_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_voice().main(["xx"]) == 2
    assert 'no voice for "xx"' in capsys.readouterr().err


@needs_script
def test_a_recording_is_never_spoken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = make_voice()
    spoken: list[str] = []
    monkeypatch.setattr(script, "check", lambda languages: None)
    monkeypatch.setattr(script, "render", lambda text, voice, path: spoken.append(path.stem))
    (tmp_path / "recordings.txt").write_text("# ours\nde/X1\n", encoding="utf-8")
    assert script.main(["de", "--only", "X1", "--only", "X2", "--into", str(tmp_path)]) == 0
    assert spoken == ["X2"]


@needs_script
def test_silence_is_trimmed_from_the_ends_and_shortened_inside() -> None:
    script = make_voice()
    tone = [0.5 * math.sin(2 * math.pi * 440 * i / RATE_HZ) for i in range(RATE_HZ // 2)]
    quiet = [0.0] * RATE_HZ
    made = script.shorten(script.trim([*quiet, *tone, *quiet, *tone, *quiet]))
    assert len(made) / RATE_HZ == pytest.approx(1.0 + script.PAUSE_S + 2 * script.EDGE_S, abs=0.02)
    with pytest.raises(ValueError, match="silence"):
        script.trim(quiet)


@needs_script
def test_loudness_is_reached_without_a_sample_over_the_peak() -> None:
    script = make_voice()
    clicks = [0.02] * 1000 + [0.9, -0.9] * 20
    made = script.even(clicks)
    assert max(map(abs, made)) <= script.PEAK
