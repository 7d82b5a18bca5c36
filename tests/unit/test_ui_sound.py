"""The earcons as measured, and a loudspeaker that never lets the kiosk down."""

from __future__ import annotations

import importlib.util
import math
import wave
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pygame
import pytest

from kiosk.assets import assets_directory
from kiosk.sound import Silence
from kiosk.ui.sound import CHANNELS, EARCONS, LEVELS, SAFETY, SPEECH, Loudspeaker, close_sound, open_sound

ROOT = Path(__file__).parents[2]
SOUNDS = assets_directory() / "sounds"


def samples(path: Path) -> tuple[list[float], int]:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        data = array("h", file.readframes(file.getnframes()))
        return [value / 32768 for value in data], file.getframerate()


def power(signal: list[float], rate: int, hz: float) -> float:
    """Goertzel: how much of *hz* is in *signal*."""
    step = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for value in signal:
        one, two = value + step * one - two, one
    return one * one + two * two - step * one * two


def dominant_hz(signal: list[float], rate: int) -> float:
    return max(range(300, 4000, 20), key=lambda hz: power(signal, rate, hz))


def pulse_starts(signal: list[float], rate: int) -> list[float]:
    """When sound begins after at least 20 ms of near silence."""
    window = rate // 200
    loud = [max(abs(v) for v in signal[at : at + window]) > 0.05 for at in range(0, len(signal) - window, window)]
    starts, quiet = [], 99
    for index, sounding in enumerate(loud):
        if sounding and quiet >= 4:
            starts.append(index * window / rate)
        quiet = 0 if sounding else quiet + 1
    return starts


@pytest.mark.parametrize("name", sorted(EARCONS))
def test_an_earcon_is_short_loud_enough_unclipped_and_in_the_band_that_carries(name: str) -> None:
    signal, rate = samples(SOUNDS / f"{name}.wav")
    assert rate == 22050
    peak = max(abs(value) for value in signal)
    rms = math.sqrt(sum(value * value for value in signal) / len(signal))
    seconds = len(signal) / rate
    assert 0.3 <= peak < 1.0
    assert 0.05 < rms < 0.6
    assert 0.02 <= seconds <= 1.8
    assert abs(signal[0]) < 0.02
    assert abs(signal[-1]) < 0.02
    assert 500 <= dominant_hz(signal, rate) <= 3000


@pytest.mark.parametrize(
    ("name", "hz", "seconds"), [("tick", 880, 0.09), ("ahead", 700, 0.46), ("fault", 740, 1.64), ("key", 1800, 0.03)]
)
def test_an_earcon_has_the_pitch_and_length_of_the_design(name: str, hz: float, seconds: float) -> None:
    signal, rate = samples(SOUNDS / f"{name}.wav")
    assert dominant_hz(signal, rate) == pytest.approx(hz, abs=60)
    assert len(signal) / rate == pytest.approx(seconds, abs=0.02)


def test_faster_rises_slower_falls_and_go_rises() -> None:
    def pitches(name: str, *starts_s: float) -> list[float]:
        signal, rate = samples(SOUNDS / f"{name}.wav")
        return [dominant_hz(signal[round((at + 0.02) * rate) : round((at + 0.06) * rate)], rate) for at in starts_s]

    up, down, go = pitches("faster", 0, 0.12, 0.24), pitches("slower", 0, 0.2, 0.4), pitches("go", 0, 0.15)
    assert up == sorted(up)
    assert up[-1] > up[0] * 1.3
    assert down == sorted(down, reverse=True)
    assert down[-1] < down[0] / 1.3
    assert go == [pytest.approx(660, abs=60), pytest.approx(990, abs=60)]


def test_stop_and_fault_are_five_pulses_with_rhythms_of_their_own() -> None:
    stop, fault = (pulse_starts(*samples(SOUNDS / f"{name}.wav")) for name in ("stop", "fault"))
    assert len(stop) == len(fault) == 5
    for starts in (stop, fault):
        gaps = [later - earlier for earlier, later in pairwise(starts)]
        assert gaps[2] > 1.4 * max(gaps[0], gaps[1], gaps[3])  # three, then two
    assert fault[-1] > 1.5 * stop[-1]
    assert len(pulse_starts(*samples(SOUNDS / "ahead.wav"))) == 2
    assert len(pulse_starts(*samples(SOUNDS / "caution.wav"))) == 2


def test_alarms_carry_harmonics_and_are_the_loudest() -> None:
    signal, rate = samples(SOUNDS / "fault.wav")
    assert power(signal, rate, 1480) > 0.1 * power(signal, rate, 740)
    peaks = {name: max(abs(v) for v in samples(SOUNDS / f"{name}.wav")[0]) for name in EARCONS}
    assert min(peaks["stop"], peaks["fault"]) > max(v for name, v in peaks.items() if EARCONS[name] != SAFETY)


def make_earcons() -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("make_earcons", ROOT / "deploy" / "make_earcons.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_earcons"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not (ROOT / "deploy" / "make_earcons.py").is_file(), reason="the script is not in a wheel")
def test_the_script_makes_exactly_the_files_that_are_committed(tmp_path: Path) -> None:
    assert make_earcons().main([str(tmp_path)]) == 0
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(EARCONS)
    for name in EARCONS:
        made, _ = samples(tmp_path / f"{name}.wav")
        kept, _ = samples(SOUNDS / f"{name}.wav")
        assert len(made) == len(kept)
        assert max(abs(a - b) for a, b in zip(made, kept, strict=True)) <= 2 / 32768


# ------------------------------------------------------------------------------------------------------ loudspeaker


@pytest.fixture
def loudspeaker() -> Iterator[Loudspeaker]:
    sound, why = open_sound(assets_directory(), enabled=True, step=2)
    assert isinstance(sound, Loudspeaker), why
    yield sound
    close_sound()


def test_every_earcon_is_there_and_plays_on_its_own_channel(loudspeaker: Loudspeaker) -> None:
    for name, channel in EARCONS.items():
        loudspeaker.play(name)
        assert pygame.mixer.Channel(channel).get_busy()
    assert loudspeaker.missing == set()
    assert pygame.mixer.get_num_channels() == CHANNELS


def test_an_unknown_earcon_or_cue_is_remembered_and_nothing_else(loudspeaker: Loudspeaker) -> None:
    loudspeaker.play("fanfare")
    loudspeaker.say("ZZ9", "en", over=True)
    assert {"fanfare", "ZZ9"} <= loudspeaker.missing


def test_speech_does_not_cut_a_stop_off(loudspeaker: Loudspeaker) -> None:
    loudspeaker.play("stop")
    playing = pygame.mixer.Channel(SAFETY).get_sound()
    for name in ("tick", "done", "key", "ahead"):
        loudspeaker.play(name)
    loudspeaker.hush()
    assert pygame.mixer.Channel(SAFETY).get_sound() is playing


def test_a_recording_in_the_voice_folder_is_spoken_and_an_urgent_one_cuts_it_off(tmp_path: Path) -> None:
    voice = tmp_path / "voice" / "en"
    voice.mkdir(parents=True)
    (tmp_path / "sounds").mkdir()
    for cue in ("T1", "X1"):
        (voice / f"{cue}.wav").write_bytes((SOUNDS / "fault.wav").read_bytes())
    sound, _ = open_sound(tmp_path, enabled=True, step=3)
    try:
        channel = pygame.mixer.Channel(SPEECH)
        sound.say("T1", "en", over=False)
        first = channel.get_sound()
        sound.say("T1", "en", over=False)
        assert channel.get_sound() is first
        assert channel.get_queue() is not None
        sound.say("X1", "en", over=True)
        assert channel.get_sound() is not first
        sound.hush()
        assert not channel.get_busy()
        sound.say("T1", "de", over=True)  # nobody has recorded German
        assert not channel.get_busy()
    finally:
        close_sound()


def test_volume_has_three_steps_and_never_quietens_a_safety_sound(loudspeaker: Loudspeaker) -> None:
    for step in (1, 2, 3):
        loudspeaker.volume(step)
        assert pygame.mixer.Channel(SPEECH).get_volume() == pytest.approx(LEVELS[step], abs=0.01)
        assert pygame.mixer.Channel(SAFETY).get_volume() == pytest.approx(1.0)
    loudspeaker.volume(99)
    assert pygame.mixer.Channel(SPEECH).get_volume() == pytest.approx(1.0)


def test_a_damaged_recording_costs_one_sound_and_not_the_walk(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    for name in EARCONS:
        (tmp_path / "sounds" / f"{name}.wav").write_bytes((SOUNDS / f"{name}.wav").read_bytes())
    (tmp_path / "sounds" / "tick.wav").write_bytes(b"RIFFnothing")
    sound, why = open_sound(tmp_path, enabled=True, step=1)
    try:
        assert isinstance(sound, Loudspeaker), why
        assert sound.missing == {"tick"}
        sound.play("tick")
        sound.play("go")
    finally:
        close_sound()


def test_without_an_audio_device_the_kiosk_is_silent_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    close_sound()
    monkeypatch.setenv("SDL_AUDIODRIVER", "there_is_no_such_driver")
    sound, why = open_sound(assets_directory(), enabled=True, step=2)
    assert isinstance(sound, Silence)
    assert why.startswith("There is no sound:")
    sound.play("stop")
    sound.say("X1", "en", over=True)
    close_sound()


def test_sound_switched_off_is_silence_with_its_reason() -> None:
    sound, why = open_sound(assets_directory(), enabled=False, step=2)
    assert isinstance(sound, Silence)
    assert "switched off" in why
