"""The one catalogue of texts: ``assets/locale/LANGUAGE.toml``, key = text.

Tables nest and keys join with dots: ``[who]`` ``guest = "Guest"`` is the key ``who.guest``. Values may hold named
places, as in ``"Phase {n} of {m}"``. What a screen or the session needs is checked when the kiosk starts: a missing
key is an error with a name then, never a surprise in front of a member.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from hardware.units import SpeedUnit, speed_text

_POINT: Final = re.compile(r"(?<=\d)\.(?=\d)")

REFERENCE_LANGUAGE: Final = "en"
"""Every other language has exactly the keys of this one."""


class LocaleError(Exception):
    """A catalogue cannot be used; the text names the file and the keys."""


class Catalogue:
    """The texts of one language."""

    def __init__(self, language: str, texts: Mapping[str, str], where: str = "catalogue") -> None:
        self.language: Final = language
        self.where: Final = where
        self._texts: Final = dict(texts)
        self.missed: Final[set[str]] = set()

    def __call__(self, key: str, **values: object) -> str:
        """The text of *key* with its named places filled.

        An unknown key or a missing value gives the key in brackets and is remembered in ``missed``: the check at
        start and the tests find it, and a walking member's screen still draws.
        """
        text = self._texts.get(key)
        if text is None:
            self.missed.add(key)
            return f"[{key}]"
        if not values and "{" not in text:
            return text
        try:
            return text.format(**values)
        except (KeyError, IndexError, ValueError):
            self.missed.add(key)
            return f"[{key}]"

    def count(self, key: str, n: int, **values: object) -> str:
        """``KEY.one`` for one, ``KEY.other`` for any other number (the rule of English, Spanish and German)."""
        return self(f"{key}.one" if n == 1 else f"{key}.other", n=n, **values)

    def number(self, text: str) -> str:
        """A number as it is read here: ``2.5`` is ``2,5`` where people write a comma. The one home of that."""
        return _POINT.sub(self._texts.get("language.decimal", "."), text)

    def speed(self, speed_ckmh: int | None, unit: SpeedUnit) -> str:
        """A speed in the unit that is read, with one decimal; ``--.-`` where it is not known."""
        return self.number(speed_text(speed_ckmh, unit))

    def slope(self, dpct: int) -> str:
        """A slope in percent, without the sign."""
        return self.number(f"{dpct / 10:g}")

    def has(self, key: str) -> bool:
        """Whether there is a text for *key*."""
        return key in self._texts

    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._texts)

    def places(self, key: str) -> frozenset[str]:
        """The named places in the text of *key*."""
        return _places(self._texts[key])

    def require(self, keys: Iterable[str]) -> None:
        """Check at start that all *keys* are there. Raises LocaleError naming those that are not."""
        missing = sorted(key for key in keys if key not in self._texts)
        if missing:
            raise LocaleError(f"{self.where} has no text for: {', '.join(missing)}.")


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def parse_catalogue(text: str, language: str, where: str) -> Catalogue:
    """Check the text of a catalogue file. Raises LocaleError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LocaleError(f"{where} is not valid TOML: {error}.") from error
    texts: dict[str, str] = {}
    _flatten(raw, "", texts, where)
    for key, value in texts.items():
        try:
            names = _places(value)
        except ValueError as error:
            raise LocaleError(f"{where}: the text of {key} has a broken place: {error}.") from error
        if any(not name.isidentifier() for name in names):
            raise LocaleError(f"{where}: the text of {key} has a place without a name; write {{name}}.")
    return Catalogue(language, texts, where)


def _flatten(table: Mapping[str, object], prefix: str, into: dict[str, str], where: str) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            _flatten(value, f"{key}.", into, where)
        elif isinstance(value, str):
            into[key] = value
        else:
            raise LocaleError(f"{where}: {key} must be a text in quotes.")


def load_catalogue(directory: Path, language: str) -> Catalogue:
    """The catalogue of *language* in *directory*. Raises LocaleError."""
    path = directory / f"{language}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocaleError(f"The texts {path} cannot be read: {error}.") from error
    return parse_catalogue(text, language, str(path))


def load_catalogues(directory: Path, required: Iterable[str] = ()) -> dict[str, Catalogue]:
    """Every language in *directory*, the reference first, each with the same keys and places. Raises LocaleError."""
    names = sorted(path.stem for path in directory.glob("*.toml"))
    if REFERENCE_LANGUAGE not in names:
        raise LocaleError(f"There is no {REFERENCE_LANGUAGE}.toml in {directory}.")
    names.remove(REFERENCE_LANGUAGE)
    reference = load_catalogue(directory, REFERENCE_LANGUAGE)
    reference.require(required)
    catalogues = {REFERENCE_LANGUAGE: reference}
    for name in names:
        catalogue = load_catalogue(directory, name)
        problems = differences(reference, catalogue)
        if problems:
            raise LocaleError(f"{catalogue.where}: {'; '.join(problems)}.")
        catalogues[name] = catalogue
    return catalogues


def differences(reference: Catalogue, other: Catalogue) -> list[str]:
    """What *other* lacks, has too much, or fills differently, in plain words; empty if nothing."""
    problems = []
    missing = sorted(reference.keys() - other.keys())
    if missing:
        problems.append(f"no text for {', '.join(missing)}")
    extra = sorted(other.keys() - reference.keys())
    if extra:
        problems.append(f"{', '.join(extra)}: not in {reference.where}")
    for key in sorted(reference.keys() & other.keys()):
        if reference.places(key) != other.places(key):
            wanted = ", ".join(f"{{{name}}}" for name in sorted(reference.places(key))) or "none"
            problems.append(f"{key} must have the places {wanted}")
    return problems
