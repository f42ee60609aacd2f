"""Fast forms of a network, made and measured: 8-bit weights and activations, and bfloat16.

    python -m brainsr_desktop.train.quantise --data DATA --models-dir models [--models brainsr-x4,brainsr-x2]

The 8-bit graph is made by post-training quantisation (Jacob 2018, arXiv 1712.05877; NNCF, extra ``quantise``),
calibrated on slices of ``train*.npz`` reduced in the benchmark's protocols by turns. The ranges of activations are the
smallest and largest values seen: means of them would cut off the brightest tissue. Weights use half of their range, for
processors without VNNI add two products in 16 bits. What touches the picture itself, the first convolution and the
bicubic enlargement, stays in single precision. Each form is then run by the engine on every slice of ``val_bench.npz``;
the card's ``[fast]`` table says what it loses, and an 8-bit graph that loses too much is not kept.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import tomlkit

from brainsr_desktop.core.errors import BrainSRError, UsageError
from brainsr_desktop.core.intensity import Normalisation
from brainsr_desktop.core.metrics import comparable, psnr
from brainsr_desktop.core.recipe import Precision, Recipe
from brainsr_desktop.engine.backends.openvino_backend import import_openvino
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE, Card, read_card
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.models.fast_forms import FORMS, INT8_GRAPH, WEIGHTS_KEY, FastForm, FormName
from brainsr_desktop.models.weights import verified_bytes
from brainsr_desktop.train import records
from brainsr_desktop.train.bench import SliceSet, TrueSlice, open_slices
from brainsr_desktop.train.dataset import read_stack_file
from brainsr_desktop.train.evaluate import enhanced
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice

Floats: TypeAlias = npt.NDArray[np.float32]
Say: TypeAlias = Callable[[str], None]

BENCH: Final = "val_bench.npz"
CALIBRATION_SLICES: Final = 60
DIGITS: Final = 5
COMMAND: Final = "python -m brainsr_desktop.train.quantise"


def calibration_slices(data: Path, scale: int, count: int = CALIBRATION_SLICES) -> Iterator[Floats]:
    """Inputs (rows, columns) for the calibration, normalised as the engine does it, the protocols by turns.

    ``count`` training slices, evenly spread, and half as many with the brightest pixels of all: what is beyond the
    ranges seen here is cut off.

    Raises:
        ReadError: a stack file cannot be read.   UsageError: there is none.
    """
    files = sorted(data.glob("train*.npz"))
    every = [pixels for file in files for stack, _ in read_stack_file(file) for pixels in stack]
    if not every:
        raise UsageError(f"There are no stack files train*.npz in {data.name}.")
    spread = np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int).tolist()
    bright = sorted(range(len(every)), key=lambda number: _peak(every[number]))[-(count // 2) :]
    for turn, number in enumerate([*spread, *bright]):
        truth = every[number].astype(np.float32) / np.float32(255.0)
        low = reduced_slice(truth, PROTOCOLS[turn % len(PROTOCOLS)], scale, turn)
        yield Normalisation.of(low).forward(low)


def _peak(stored: npt.NDArray[np.uint8]) -> float:
    """The brightest pixel of a slice as the network would see it."""
    pixels = stored.astype(np.float32)
    return float(Normalisation.of(pixels).forward(pixels).max())


def quantised(card: Card, slices: Sequence[Floats]) -> Any:
    """The card's graph as an OpenVINO model of 8 bits.

    Raises:
        UsageError: the model has no graph, or NNCF is not installed.
    """
    if card.graph is None:
        raise UsageError(f"The model {card.name} has no graph.")
    openvino = import_openvino()
    try:
        import nncf
        from nncf.quantization.advanced_parameters import OverflowFix
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ImportError as error:
        raise UsageError(
            "Quantisation needs NNCF.", advice="pip install 'brainsr-desktop[quantise]'"
        ) from error
    nncf.set_log_level(logging.ERROR)
    weights = verified_bytes(card, card.graph.removesuffix(".xml") + ".bin")
    graph = openvino.Core().read_model(model=verified_bytes(card, card.graph), weights=weights)
    ranges = RangeEstimatorParametersSet.MINMAX
    return nncf.quantize(
        graph,
        nncf.Dataset([pixels[None, None] for pixels in slices]),
        subset_size=len(slices),
        ignored_scope=nncf.IgnoredScope(names=_single_precision(graph)),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=OverflowFix.ENABLE, activations_range_estimator_params=ranges
        ),
    )


def _single_precision(graph: Any) -> list[str]:
    """The convolutions that see the picture itself: one channel in."""
    convolutions = (node for node in graph.get_ordered_ops() if node.get_type_name() == "Convolution")
    return [node.get_friendly_name() for node in convolutions if node.input(1).get_shape()[1] == 1]


def measured_forms(
    card: Card, forms: Sequence[FormName], slices: SliceSet, stride: int = 1
) -> list[FastForm]:
    """What forms of the model lose against the exact one, all made by the engine on the CPU.

    Forms that this machine does not have are left out. The card names `INT8_GRAPH` where "int8" is among them.

    Raises:
        ReadError: a slice cannot be read.   ModelError, EngineError: the model cannot be run.
    """
    made = {form: _Trial(card, form) for form in forms}
    exact = Engine(Catalog((card,)))
    for protocol in PROTOCOLS:
        for number in slices.numbers[::stride]:
            truth, low = slices.true_slice(number), slices.low(number, card.scale, protocol)
            picture = enhanced(exact, low, _recipe(card, "exact"), number, 1.0).pixels
            best = _head_psnr(picture, truth)
            for form, trial in list(made.items()):
                answer = enhanced(trial.engine, low, _recipe(card, "fast"), number, 1.0)
                if answer.numbers != form:
                    del made[form]
                    continue
                trial.losses.setdefault(protocol, []).append(best - _head_psnr(answer.pixels, truth))
                trial.largest = max(trial.largest, float(np.abs(picture - answer.pixels).max()))
    return [trial.form for trial in made.values()]


class _Trial:
    """One form while it is measured: an engine that knows it alone, and what was found."""

    def __init__(self, card: Card, form: FormName) -> None:
        self._untried = FastForm(form, {"untried": 0.0}, 0.0, INT8_GRAPH if form == "int8" else None)
        self.engine = Engine(Catalog((replace(card, fast=(self._untried,)),)))
        self.losses: dict[str, list[float]] = {}
        self.largest = 0.0

    @property
    def form(self) -> FastForm:
        """The form with its figures."""
        losses = {protocol: round(float(np.mean(found)), DIGITS) for protocol, found in self.losses.items()}
        return replace(self._untried, loss_db=losses, largest_error=round(self.largest, DIGITS))


def _recipe(card: Card, precision: Precision) -> Recipe:
    return Recipe(card.name, card.scale, device="cpu", precision=precision)


def _head_psnr(picture: Floats, truth: TrueSlice) -> float:
    """As in `core.metrics.scores`, without the other figures."""
    image, true, known, peak = comparable(picture, truth.pixels, 1.0)
    return psnr(image, true, peak=peak, mask=truth.head & known)


def make_fast(
    folder: Path, data: Path, *, count: int = CALIBRATION_SLICES, stride: int = 1, say: Say
) -> Card:
    """Make and measure the fast forms of a model; its 8-bit graph and its card's ``[fast]`` table are replaced.

    Raises:
        ModelError, ReadError, UsageError: the model, its data or NNCF are not there.
    """
    openvino = import_openvino()
    plain = replace(read_card(folder), fast=())
    made = f"{count} slices of train*.npz and {count // 2} bright ones in the three protocols, {COMMAND}"
    say(f"{plain.name}: quantising")
    inputs = list(calibration_slices(data, plain.scale, count))
    graph = quantised(plain, inputs)
    openvino.save_model(graph, folder / INT8_GRAPH, compress_to_fp16=False)
    files = {path.name: _sha256(path) for path in _graph_files(folder)}
    card = replace(plain, files={**plain.files, **files})
    say(f"{plain.name}: measuring")
    with open_slices(data / BENCH) as slices:
        found = measured_forms(card, FORMS, slices, stride)
    forms = [replace(form, made=made) if form.name == "int8" else form for form in found]
    for form in forms:
        say(f"{plain.name}: {form.name} loses {dict(form.loss_db)} dB, largest error {form.largest_error}")
    if not any(form.name == "int8" and form.is_offered for form in forms):
        for path in _graph_files(folder):
            path.unlink()
        files, forms = {}, [form for form in forms if form.name != "int8"]
    write_forms(folder, forms, files)
    return read_card(folder)


def write_forms(folder: Path, forms: Sequence[FastForm], files: Mapping[str, str]) -> None:
    """Put the forms and the hashes of their files into a card; the rest of it stays as it is, to the letter."""
    path = folder / CARD_FILE
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    listed: Any = document["files"]
    for name in (INT8_GRAPH, INT8_GRAPH.replace(".xml", ".bin")):
        listed.pop(name, None)
        if name in files:
            listed.add(name, files[name])
    document.pop("fast", None)
    document["precision"] = ["exact", "fast"] if any(form.is_offered for form in forms) else ["exact"]
    if forms:
        table = tomlkit.table()
        table.add(WEIGHTS_KEY, str(listed[WEIGHTS_FILE]))
        for form in forms:
            entry = {"graph": form.graph, "largest_error": form.largest_error, "made": form.made}
            row = tomlkit.table()
            row.update({key: value for key, value in entry.items() if value})
            loss = tomlkit.inline_table()
            loss.update(form.loss_db)
            row.add("loss_db", loss)
            table.add(form.name, row)
        document.add("fast", table)
    part = path.with_suffix(".part")
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)


def _graph_files(folder: Path) -> list[Path]:
    graph = folder / INT8_GRAPH
    return [path for path in (graph.with_suffix(".bin"), graph) if path.exists()]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Make the fast forms of models and write their cards."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train*.npz and val_bench.npz")
    parser.add_argument("--models-dir", type=Path, required=True, help="folder of the models")
    parser.add_argument(
        "--models", default="all", metavar="a,b|all", help="names (default: all in the folder)"
    )
    parser.add_argument(
        "--slices", type=int, default=CALIBRATION_SLICES, help="to calibrate on (default: 60)"
    )
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="measure every Nth slice only")
    given = parser.parse_args(arguments)
    names = given.models.split(",")
    if given.models == "all":
        names = sorted(path.parent.name for path in given.models_dir.glob(f"*/{CARD_FILE}"))
    try:
        for name in names:
            make_fast(
                given.models_dir / name, given.data, count=given.slices, stride=given.stride, say=records.say
            )
    except BrainSRError as error:
        records.say(f"{error.message} {error.advice}".strip())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
