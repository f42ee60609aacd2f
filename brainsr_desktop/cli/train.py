"""``brainsr train``: trains a network as a configuration says."""

from __future__ import annotations

import argparse
import importlib.resources
import importlib.util
import tomllib
from contextlib import ExitStack
from importlib.resources.abc import Traversable
from pathlib import Path

from brainsr_desktop import paths
from brainsr_desktop.cli.console import Console, table
from brainsr_desktop.core.errors import DeviceUnavailable, UsageError

HELP = "train a network"
EXAMPLE = "brainsr train brainsr-x4.toml --data ~/training-data --out ~/runs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "config", metavar="CONFIG.toml", nargs="?", help="a file, or the name of a shipped configuration"
    )
    parser.add_argument("--list", action="store_true", help="show the shipped configurations")
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="folder with the training and validation files"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where runs are kept (default: ./runs)")
    parser.add_argument("--device", metavar="DEVICE", default="auto", help="auto, cpu, cuda:0 or mps")
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change an entry of the configuration; may be given several times",
    )
    parser.add_argument(
        "--compare",
        metavar="KEY=VALUE,VALUE,...",
        help="train once for each value of an entry, and show loss and PSNR beside each other",
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on where the run was stopped")
    start.add_argument("--finetune", metavar="NAME|FILE", help="start from the weights of a model or a file")
    parser.add_argument(
        "--pretrain-features",
        metavar="vgg19|inception_v3",
        help="make the weights of a network for the feature loss, from ImageNet or trained on the data",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        type=Path,
        help="ImageNet weights for --pretrain-features, as safetensors",
    )
    parser.add_argument("--dry-run", action="store_true", help="read everything, do two steps, write nothing")


def run(options: argparse.Namespace, console: Console) -> int:
    """Train, or list the shipped configurations."""
    if options.list:
        return _list(console)
    if options.weights and not options.pretrain_features:
        raise UsageError("--weights belongs to --pretrain-features.")
    if options.pretrain_features:
        return _pretrain(options)
    if options.config is None:
        raise UsageError("CONFIG.toml is missing.", advice="brainsr train --list shows what is shipped.")
    with ExitStack() as stack:
        path = _config_path(options.config, stack)
        if options.data is None:
            raise UsageError("--data is missing: the folder with the training files.")
        _need_torch()

        if options.compare:
            from brainsr_desktop.train.ablation import compare

            console.result(
                compare(
                    path,
                    options.compare,
                    resume=options.resume,
                    finetune=options.finetune,
                    dry_run=options.dry_run,
                    data=options.data,
                    out=options.out,
                    device=options.device,
                    overrides=options.overrides,
                )
            )
            return 0

        from brainsr_desktop.train.loop import train

        return train(
            path,
            resume=options.resume,
            finetune=options.finetune,
            dry_run=options.dry_run,
            data=options.data,
            out=options.out,
            device=options.device,
            overrides=options.overrides,
        )


def _pretrain(options: argparse.Namespace) -> int:
    if options.finetune or options.dry_run:
        raise UsageError("--pretrain-features goes neither with --finetune nor with --dry-run.")
    _need_torch()

    from brainsr_desktop.train.pretrain import pretrain

    return pretrain(
        options.pretrain_features,
        config_path=Path(options.config) if options.config else None,
        weights=options.weights,
        resume=options.resume,
        data=options.data,
        out=options.out,
        device=options.device,
        overrides=options.overrides,
    )


def _need_torch() -> None:
    if paths.is_packaged():
        raise DeviceUnavailable(
            "The packaged program cannot train: it is without the parts of PyTorch that only training needs.",
            advice="Install the program with pip for it.",
        )
    if importlib.util.find_spec("torch") is None:
        raise DeviceUnavailable(
            "Training needs PyTorch, which this installation is without.",
            advice="Install the program with pip.",
        )


def shipped() -> dict[str, Traversable]:
    """The shipped configurations by file name."""
    folder = importlib.resources.files("brainsr_desktop.train") / "configs"
    return {
        entry.name: entry
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".toml")
    }


def _config_path(name: str, stack: ExitStack) -> Path:
    if Path(name).is_file():
        return Path(name)
    entry = shipped().get(name if name.endswith(".toml") else f"{name}.toml")
    if entry is None:
        raise UsageError(
            f"CONFIG.toml: there is no file {name!r}, and no shipped configuration of that name.",
            advice=f"Shipped are: {', '.join(shipped())}.",
        )
    return stack.enter_context(importlib.resources.as_file(entry))


def _list(console: Console) -> int:
    rows = []
    for name, entry in shipped().items():
        text = entry.read_text(encoding="utf-8")
        network = tomllib.loads(text).get("network", {})
        first = text.splitlines()[0].lstrip("# ").rstrip()
        rows.append((name, network.get("name", ""), f"x{network.get('config', {}).get('scale', '?')}", first))
    console.result(table(rows, ("configuration", "network", "scale", "")))
    return 0
