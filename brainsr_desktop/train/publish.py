"""From a run's checkpoint to a model's folder: weights, portable graph, card, training curve.

`python -m brainsr_desktop.train.publish RUN CONFIG.toml --data DIR --models DIR [--commit HASH]`
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import tomlkit
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from brainsr_desktop import paths
from brainsr_desktop.core.errors import BrainSRError, ModelError, UsageError
from brainsr_desktop.engine.backends.openvino_backend import import_openvino
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE, read_card
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.models.weights import load_weights
from brainsr_desktop.train import calibrate, checkpoint, records
from brainsr_desktop.train.config import Config, read
from brainsr_desktop.train.curve import draw_curve
from brainsr_desktop.train.dataset import read_stack_file
from brainsr_desktop.train.evaluate import Options, evaluate_bench
from brainsr_desktop.train.flatten import flatten
from brainsr_desktop.train.networks import build_network
from brainsr_desktop.train.size import gflop, parameter_count
from brainsr_desktop.train.validation import Enlarger, Floats

GRAPH_FILE: Final = "graph.xml"
OWN_LICENCE: Final = "none stated: for your own use"
OWN_DATA: Final = (
    "Slices of whoever trained it; nobody has checked whether they allow the model to be passed on."
)
AGREEMENT: Final = 1e-4
"""Largest difference allowed between the graph and the torch module, as a fraction of the range."""

_MINIMUM_SIDE: Final = 16
_FIGURES: Final = ("head_psnr", "psnr", "ssim", "n", "gain_db", "gain_ci95", "best_baseline")


@dataclass(frozen=True, slots=True)
class Blend:
    """Between two networks of one shape (Wang 2018, arXiv 1809.00219, 3.4): share 1 is the run's own, 0 that of the
    model in ``folder``, from which the run went on."""

    folder: Path
    share: float

    def of(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The weights in between, single precision.

        Raises:
            ModelError: the model cannot be read.   UsageError: it is another network, or the share is no share.
        """
        base = load_weights(read_card(self.folder))
        if {name: array.shape for name, array in base.items()} != {
            name: tuple(tensor.shape) for name, tensor in weights.items()
        }:
            raise UsageError(f"{self.folder.name} is another network than the run's.")
        if not 0 <= self.share <= 1:
            raise UsageError(f"A share lies between 0 and 1, not at {self.share}.")
        return {
            name: torch.lerp(torch.from_numpy(np.array(base[name], np.float32)), tensor.float(), self.share)
            for name, tensor in weights.items()
        }

    @property
    def text(self) -> str:
        """For the card."""
        return f"{self.share:g} of the trained weights, {1 - self.share:g} of {self.folder.name}"


def publish(
    run: Path,
    config: Config,
    *,
    data: Path,
    models: Path,
    commit: str = "",
    command: str = "",
    blend: Blend | None = None,
    flat: bool = False,
    trust: bool = True,
    own: bool = False,
) -> Path:
    """Write `models`/<name> from the checkpoint in `run`, complete or not at all, and return that folder.

    The moving average becomes the model. Its weights are rounded to half precision, which halves their file, and the
    graph and every figure are made from the rounded ones. command: how the model was trained, where the checkpoint
    does not tell the whole of it. blend: ship weights between the run's and a model's. flat: take out
    the pattern drawn into flat areas, see `flatten`. trust: calibrate the trust aids for the new weights; the table of
    the former ones goes with them, and without `calibrate.FILE_NAME` in ``data`` the card has none. own: a model that
    learnt from `data.sources`, for the user's own list; its card claims no licence, and no figures without a benchmark.

    Raises:
        ReadError: checkpoint or data cannot be read.   UsageError: another network than the configuration's.
        ModelError: the graph differs from the module, or a fidelity model does not beat every interpolation.
    """
    saved = checkpoint.load(run / checkpoint.FILE_NAME)
    if saved.config.data.sources and not own:
        raise UsageError(
            "A model that learnt from data.sources is not published: nothing is known of their licences.",
            advice="With --own it becomes one for your own list.",
        )
    if own and (config.card.default or (config.card.role == "fidelity" and not config.data.validation)):
        raise UsageError("A model of one's own is no default, and without a benchmark no fidelity model.")
    if saved.config.network != config.network:
        raise UsageError(f"The checkpoint in {run.name} holds another network than the configuration says.")
    network = build_network(config.network).eval().requires_grad_(False)
    network.load_state_dict(saved.average if blend is None else blend.of(saved.average))
    if flat:
        flatten(network)
    weights = {
        name: tensor.to(torch.float16)
        for name, tensor in network.state_dict().items()
        if name in saved.average
    }
    network.load_state_dict(weights)
    models.mkdir(parents=True, exist_ok=True)
    staging = models / ".publishing"
    shutil.rmtree(staging, ignore_errors=True)
    folder = staging / config.name
    folder.mkdir(parents=True)
    save_file(weights, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    (folder / WEIGHTS_FILE).chmod(0o644)
    write_graph(network, folder / GRAPH_FILE)
    draw_curve(run, saved.config).replace(folder / "curve.png")
    training: dict[str, Any] = {
        "command": command or saved.command,
        "commit": commit,
        "steps": saved.step,
        "seconds": round(saved.seconds),
        "loss": _loss_text(saved.config),
    }
    if blend is not None:
        training["blend"] = blend.text
    if flat:
        training["flat"] = "the tail corrected so that flat pictures stay flat"
    if saved.feature_texts:
        training["features"] = list(saved.feature_texts.values())
    card = card_table(config, network, folder)
    card["training"] = training
    if own:
        card |= {"licence": OWN_LICENCE, "data": {"statement": OWN_DATA}}
    else:
        card["data"] = data_table(data, saved.config.data.stacks)
    _write_card(folder, card)
    if config.data.validation:
        card["metrics"] = measured(folder, data / config.data.validation)
    if config.card.role == "fidelity":
        _require_better(config.name, card["metrics"])
    _write_card(folder, card)
    if trust and (data / calibrate.FILE_NAME).is_file():
        calibrate.write_trust(folder, calibrate.calibrated(read_card(folder), data, say=records.say))
    else:
        records.say(f"{config.name} is not calibrated; see python -m brainsr_desktop.train.calibrate --help")
    _put_in_place(folder, models / config.name)
    staging.rmdir()
    return models / config.name


def _write_card(folder: Path, card: Mapping[str, Any]) -> None:
    (folder / CARD_FILE).write_text(tomlkit.dumps(card), encoding="utf-8")


def measured(folder: Path, bench: Path) -> dict[str, dict[str, Any]]:
    """The model's figures per protocol as `brainsr evaluate` finds them, beside those of the best interpolation."""
    card = read_card(folder)
    report = evaluate_bench(
        bench, [card.name], Engine(Catalog((card, *BASELINES))), options=Options(device="cpu")
    )
    table = {}
    for protocol, row in report["results"][card.name][f"x{card.scale}"].items():
        figures = {name: row[name] for name in _FIGURES if row[name] is not None}
        table[protocol] = figures | {"best_baseline_head_psnr": round(row["head_psnr"] - row["gain_db"], 5)}
    return table


def _require_better(name: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
    for protocol, row in figures.items():
        if row["head_psnr"] <= row["best_baseline_head_psnr"]:
            raise ModelError(
                f"{name} has {row['head_psnr']:.2f} dB on {protocol} inputs, {row['best_baseline']} has"
                f" {row['best_baseline_head_psnr']:.2f} dB: it cannot be published as a fidelity model.",
                advice="Train it for longer, or give it another role.",
            )


def write_graph(network: nn.Module, path: Path) -> Enlarger:
    """Write the module as OpenVINO IR with rows and columns left open; returns the graph as a function of a slice.

    The constants stay in single precision, so that both backends compute with the same numbers.

    Raises:
        ModelError: the graph's result differs from the module's by more than `AGREEMENT`.
    """
    openvino = import_openvino()
    example = torch.rand(1, 1, 40, 56, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings():
        # The converter traces by torch.jit, which torch 2.13 calls deprecated.
        warnings.filterwarnings("ignore", ".*torch.jit", DeprecationWarning)
        graph = openvino.convert_model(network, example_input=example, input=[-1, 1, -1, -1])
    openvino.save_model(graph, path, compress_to_fp16=False)
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def enlarged(low: Floats) -> Floats:
        return np.array(compiled([low[None, None]])[0][0, 0], np.float32)

    other = torch.rand(1, 1, 33, 21, generator=torch.Generator().manual_seed(2))
    for low in (example, other):
        difference = float(np.abs(enlarged(low[0, 0].numpy()) - network(low)[0, 0].numpy()).max())
        if difference > AGREEMENT:
            raise ModelError(f"The graph of {path.parent.name} differs from its network by {difference:.1e}.")
    return enlarged


def card_table(config: Config, network: nn.Module, folder: Path) -> dict[str, Any]:
    """The card's entries on the network and the words about it; the files in `folder` are listed with their hashes."""
    card = config.card
    return {
        "schema": 1,
        "name": config.name,
        "title": card.title or config.name,
        "network": config.network.name,
        "scale": config.network.scale,
        "role": card.role,
        "default": card.default,
        "grid": "half_pixel",
        "input_channels": 1,
        "size_multiple": 1,
        "minimum_side": _MINIMUM_SIDE,
        "receptive_field": receptive_field(network),
        "parameters": parameter_count(network),
        "gflop_160": round(gflop(network, 160 * 160), 2),
        "precision": ["exact", "fast"],
        "licence": "Apache-2.0",
        "description": card.description,
        "limits": card.limits,
        "config": dict(config.network.config),
        "files": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
    }


def receptive_field(network: nn.Module) -> int:
    """Side in LR pixels of the square that the output of one LR pixel depends on; the network tells it."""
    side: int = network.config.receptive_field_px  # type: ignore[union-attr, assignment]
    return side


def data_table(folder: Path, stacks: Iterable[str]) -> dict[str, Any]:
    """What the card says of the training data: sources with licences, contrasts and spacings, from the stack files."""
    metas = [meta for name in stacks for _, meta in read_stack_file(folder / name)]
    spacings = [float(value) for meta in metas for value in meta["spacing_mm"]]
    licences = {str(meta["source"]): str(meta["licence"]) for meta in metas}
    return {
        "statement": "Real human brain MR slices whose licences allow redistribution and training, reduced as in use.",
        "sources": [{"source": source, "licence": licence} for source, licence in sorted(licences.items())],
        "contrasts": sorted({str(meta["contrast"]) for meta in metas}),
        "pixel_spacing_mm": [round(min(spacings), 2), round(max(spacings), 2)],
        "subjects": len({str(meta["subject"]) for meta in metas}),
    }


def _loss_text(config: Config) -> str:
    names = ("l1", "charbonnier", "squared", "gradients", "features", "adversarial")
    parts = [
        " + ".join(f"{getattr(stage, name):g} {name}" for name in names if getattr(stage, name) > 0)
        for stage in config.stage
    ]
    return ", then ".join(dict.fromkeys(parts))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _put_in_place(folder: Path, target: Path) -> None:
    former = target.with_name(f".{target.name}.old")
    shutil.rmtree(former, ignore_errors=True)
    if target.exists():
        target.rename(former)
    folder.rename(target)
    shutil.rmtree(former, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m brainsr_desktop.train.publish", description=publish.__doc__
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("config", type=Path, help="configuration, whose [card] gives the words")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with the stack files and the benchmark"
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=paths.user_models_dir(),
        help="folder of the models (default: the user's own)",
    )
    parser.add_argument(
        "--own", action="store_true", help="learnt from data of one's own, for one's own list"
    )
    parser.add_argument("--commit", default="", help="commit of the code that trained")
    parser.add_argument(
        "--command", default="", help="how it was trained, if the checkpoint does not tell it all"
    )
    parser.add_argument("--blend", type=Path, metavar="MODEL", help="folder of a model to stay near to")
    parser.add_argument("--share", type=float, default=0.5, help="of the run in a blend (default: 0.5)")
    parser.add_argument("--flat", action="store_true", help="take out the pattern drawn into flat areas")
    parser.add_argument("--no-trust", action="store_true", help="calibrate the trust aids later")
    given = parser.parse_args(arguments)
    try:
        folder = publish(
            given.run,
            read(given.config),
            data=given.data,
            models=given.models,
            commit=given.commit,
            command=given.command,
            blend=None if given.blend is None else Blend(given.blend, given.share),
            flat=given.flat,
            trust=not given.no_trust,
            own=given.own,
        )
    except BrainSRError as error:
        records.say(f"{error.message} {error.advice}".strip())
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
