"""Emphasis rules of one's own: a plain function over the words of a sentence becomes a compiled scorer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, create_model

from msftk.errors import InputError, did_you_mean
from msftk.extras import from_extra
from msftk.interfaces import Options
from msftk.prosody.columns import FEATURES as MEASURED
from msftk.prosody.ragged import Int64, LemfBatch, RaggedWords, flat
from msftk.types import Alignment, Float32, Float64, WordProsody

FEATURES = (*MEASURED, "log_energy", "voiced", "start_s", "end_s")  # what a rule may read
SAME = 1e-6  # a relative spread below this is rounding noise of the energy, no variation

COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # Numba writes in colours where colorama is installed

_compiling = Lock()  # Numba compiles one function at a time


def z(values: Float64) -> Float64:
    """z-scores within a sentence, for use in rules: NaN is left out and gets 0, what does not vary gives 0.

    >>> z(np.array([1.0, np.nan, 3.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    known = values[~np.isnan(values)]
    if len(known) == 0 or known.max() - known.min() <= SAME * np.abs(known).max():
        return np.zeros(len(values))
    return np.where(np.isnan(values), 0.0, (values - known.mean()) / known.std())


def _z_in_loops(values: Float64) -> Float64:
    """`z` as Numba gets it: these loops compile in a tenth of the time that it takes for NumPy's functions."""
    z_scores = np.zeros(len(values))
    count, total, squares, lowest, highest = 0, 0.0, 0.0, np.inf, -np.inf
    for value in values:
        if value == value:
            count += 1
            total += value
            lowest, highest = min(lowest, value), max(highest, value)
    if count == 0 or highest - lowest <= SAME * max(abs(lowest), abs(highest)):
        return z_scores
    mean = total / count
    for value in values:
        if value == value:
            squares += (value - mean) ** 2
    sigma = np.sqrt(squares / count)
    for word in range(len(values)):
        if values[word] == values[word]:
            z_scores[word] = (values[word] - mean) / sigma
    return z_scores


@cache
def _teach_numba_z() -> None:
    import numba
    from numba.extending import overload

    compiled = numba.njit(nogil=True)(_z_in_loops)
    overload(z)(lambda values: lambda values: compiled(values))


class FeatureRule:
    """Turns a function over one sentence's word features into an emphasis plugin, compiled by Numba.

    Parameters without a default name features (`FEATURES`), each [n_words] float64 (`voiced` bool); `log_f0` and
    `log_f0_min` are NaN in unvoiced words, `log_energy` in digital silence. Parameters with a default are the plugin's
    options, numbers. The function returns a score a word. It may call `z` and functions that Numba compiles.

    Used as a decorator it can be registered under the function's name: "package.module:function".

    Raises:
        InputError: a parameter is neither a feature nor has a number as its default.

    >>> @FeatureRule
    ... def loud_and_long(log_energy, phone_duration_s, length=0.8):
    ...     return z(log_energy) + length * z(phone_duration_s)
    >>> loud_and_long.features, loud_and_long.Options().length
    (('log_energy', 'phone_duration_s'), 0.8)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.target = f"{function.__module__}:{function.__qualname__}"
        self.features: tuple[str, ...] = ()
        defaults: dict[str, float | int | bool] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.default is inspect.Parameter.empty:
                self.features += (self._feature(name),)
            elif not isinstance(parameter.default, (int, float)):
                raise InputError(
                    f"rule {self.target}: option '{name}' has the default {parameter.default!r}, expected a number. "
                    "Write it as a number."
                )
            else:
                defaults[name] = parameter.default
        fields: dict[str, Any] = {
            name: (type(value), Field(value, allow_inf_nan=False) if isinstance(value, float) else value)
            for name, value in defaults.items()
        }
        self.Options: type[Options] = create_model(f"{self.__name__}.Options", __base__=Options, **fields)

    def _feature(self, name: str) -> str:
        if name not in FEATURES:
            raise InputError(
                f"rule {self.target}: '{name}' is no word feature. {did_you_mean(name.replace('_', '-'), FEATURES)}"
                f"Known: {', '.join(FEATURES)}; an option has a default."
            )
        return name

    def __call__(self, options: Options) -> RuleScorer:
        """The scorer with these options. Compiles the rule, so that what Numba refuses is told before any work."""
        kinds = {name: np.bool_ if name == "voiced" else np.float64 for name in self.features}
        with _compiling:
            self.run({name: np.empty(0, kind) for name, kind in kinds.items()}, np.zeros(1, np.int64), options)
        return RuleScorer(self, options)

    @cached_property
    def compiled(self) -> Callable[..., None]:
        """(offsets, score OUT, features..., options...): the rule on each sentence of a ragged batch, without GIL."""
        with from_extra("rules", f"emphasis rule '{self.__name__}'"):
            import numba

        _teach_numba_z()
        options = list(self.Options.model_fields)
        own = [*(f"{feature}[offsets[i]:offsets[i + 1]]" for feature in self.features), *options]
        # A loop of its own for each rule: Numba cannot pass on a list of arguments whose types differ
        source = (
            f"def run({', '.join(['offsets', 'score', *self.features, *options])}):\n"
            "    for i in range(len(offsets) - 1):\n"
            f"        score[offsets[i]:offsets[i + 1]] = rule({', '.join(own)})\n"
        )
        names: dict[str, Any] = {"rule": numba.njit(nogil=True, error_model="numpy")(self.function)}
        exec(source, names)
        run: Callable[..., None] = numba.njit(nogil=True, error_model="numpy")(names["run"])
        return run

    def run(self, columns: Mapping[str, NDArray[Any]], offsets: Int64, options: Options) -> Float64:
        """Scores [words of all sentences].

        Raises InputError: Numba is missing or cannot compile the rule, or it fails or gives another number of scores.
        """
        compiled = self.compiled
        from numba.core.errors import NumbaError

        score: Float64 = np.empty(int(offsets[-1]))
        arguments = [_read_only(columns[feature]) for feature in self.features]
        try:
            compiled(offsets, score, *arguments, *options.model_dump().values())
        except NumbaError as error:
            lines = [line.strip() for line in COLOURS.sub("", str(error)).splitlines() if line.strip()]
            reason = next((line for line in lines if not line.startswith("Failed in ")), "no reason given")
            raise InputError(
                f"rule {self.target}: Numba cannot compile it ({reason}). "
                "Use numbers, arrays and the NumPy functions that Numba knows, and leave the features unchanged."
            ) from error
        except (ValueError, ArithmeticError, IndexError) as error:
            raise InputError(
                f"rule {self.target}: {type(error).__name__}: {error}. Return one score a word, for a single word too."
            ) from error
        return score


class RuleScorer:
    """An emphasis scorer that runs a compiled rule."""

    def __init__(self, rule: FeatureRule, options: Options) -> None:
        self.rule = rule
        self.options = options
        self.target = rule.target

    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64:
        """[n_words] float64."""
        columns = _Columns(prosody, prosody.start_s, prosody.end_s)
        return self.rule.run(columns.chosen(self.rule), np.array([0, len(prosody.words)]), self.options)

    def batch_scores(self, words: RaggedWords, found: LemfBatch) -> Float64:
        """[words of all utterances] float64, without leaving compiled code between them."""
        start_s, end_s = (flat([getattr(tier, name) for tier in words.tiers]) for name in ("start_s", "end_s"))
        return self.rule.run(_Columns(found, start_s, end_s).chosen(self.rule), found.offsets, self.options)


class _Columns:
    """The features of one utterance or of a batch, by name."""

    def __init__(self, found: WordProsody | LemfBatch, start_s: Float64, end_s: Float64) -> None:
        self.found = found
        self.start_s, self.end_s = start_s, end_s

    @property
    def voiced(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.found.log_f0)

    @property
    def log_energy(self) -> Float64:
        return np.log(self.found.energy, out=np.full(len(self.found.energy), np.nan), where=self.found.energy > 0)

    def chosen(self, rule: FeatureRule) -> dict[str, NDArray[Any]]:
        return {name: getattr(self if hasattr(self, name) else self.found, name) for name in rule.features}


def _read_only(column: NDArray[Any]) -> NDArray[Any]:
    """A view that a rule cannot write into: the columns belong to the results."""
    view = np.ascontiguousarray(column)[:]
    view.flags.writeable = False
    return view
