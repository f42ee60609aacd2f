"""The training loop: one run from a configuration, stopped and resumed at will."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from brainsr_desktop.core.errors import BadOutput, UsageError
from brainsr_desktop.train import checkpoint, curriculum, records, rehearsal
from brainsr_desktop.train.config import Config, Run, read
from brainsr_desktop.train.dataset import Batch, Floats, PatchSource, TrainingSlice, check_sizes
from brainsr_desktop.train.device_source import DeviceSource
from brainsr_desktop.train.devices import autocast, compile_for, on_device, placed, prepare, resolved_device
from brainsr_desktop.train.distributed import ALONE, World, joined
from brainsr_desktop.train.losses import follow
from brainsr_desktop.train.networks import begin_from, build_network, load_weights
from brainsr_desktop.train.objective import Objective
from brainsr_desktop.train.prefetch import BatchStream
from brainsr_desktop.train.size import parameter_count
from brainsr_desktop.train.sources import gather
from brainsr_desktop.train.validation import (
    comparison_picture,
    head_figures,
    head_psnr_by_protocol,
)

log = logging.getLogger(__name__)


def train(
    config_path: Path,
    *,
    resume: bool = False,
    finetune: str | None = None,
    dry_run: bool = False,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "auto",
    overrides: Sequence[str] = (),
) -> int:
    """Train as `config_path` says, in `out`/<name>; returns the exit status 0.

    resume: go on from the checkpoint in that folder (from the beginning if there is none). finetune: start from the
    weights of a published model (its name), of a safetensors file or of a checkpoint; layers that they do not fit are
    begun anew and named. dry_run: read everything, do two steps and one validation in memory, write nothing but a
    picture of the first batch (into `out`, or a temporary file that is named). overrides: texts `key=value` over the
    configuration.

    Raises:
        UsageError: the configuration or the options are wrong.   ReadError: data or weights cannot be read.
        DeviceUnavailable: there is no such device.   BadOutput: the loss is no longer finite.
    """
    config = read(config_path, overrides)
    if data is None:
        raise UsageError(
            "The training data are not given.", advice="Name the folder with the stack files by --data."
        )
    folder = (out or Path("runs")) / config.name
    saved = folder / checkpoint.FILE_NAME
    if saved.exists() and not resume and not dry_run:
        raise UsageError(
            f"{folder} already holds a run.",
            advice="Go on with --resume, or choose another --out.",
            path=folder,
        )
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    command = _command(config_path, finetune, overrides)
    with joined(device) as world:

        def go() -> None:
            place = torch.device(resolved_device(world.device(device)))
            prepare(place)
            run = TrainingRun(config, data, folder, place, command=command, world=world)
            if resume and saved.exists():
                run.restore(checkpoint.load(saved))
            else:
                run.begin(load_weights(finetune) if finetune else None)
            if dry_run:
                run.rehearse(out)
            else:
                run.go()

        go()  # nothing of the run is held when the processes part
    return 0


def _command(config_path: Path, finetune: str | None, overrides: Sequence[str]) -> str:
    """How to do the same again, without the folders of this machine."""
    words = ["brainsr", "train", config_path.name]
    words += ["--finetune", Path(finetune).name] if finetune else []
    return " ".join(words + [word for text in overrides for word in ("--set", text)])


class TrainingRun:
    """Everything one run holds. Call `begin` or `restore`, then `go`."""

    def __init__(
        self,
        config: Config,
        data: Path,
        folder: Path,
        device: torch.device,
        command: str = "",
        world: World = ALONE,
    ) -> None:
        self.config, self.folder, self.device, self.command = config, folder, device, command
        self.world = world
        torch.manual_seed(config.run.seed)
        self.network = placed(build_network(config.network), device)
        self.average = placed(build_network(config.network), device).requires_grad_(False)
        self.average.eval()
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=config.optimiser.rate, betas=config.optimiser.betas, fused=True
        )
        self.objective = Objective(config, folder.parent, device, world.wrapped)
        compile_for(device, self.network, wanted=config.run.compile)
        self._learning = world.wrapped(self.network)
        found = gather(data, config)
        check_sizes(found.train, max(stage.patch_px for stage in config.stage), config.network.scale)
        together = replace(config.run, batch=config.run.batch * world.size)
        self.source = self._made_source(found.train, together)
        self.bench = found.validation
        if world.writes:
            for line in found.told:
                records.say(line)
        self.step = 0
        self.progress = 0.0
        self._seconds_before = 0.0
        self._clock = time.monotonic()
        self._saved_at = 0.0
        self._losses: list[Tensor] = []
        self._source_state = self.source.state()

    def _made_source(self, slices: Sequence[TrainingSlice], run: Run) -> PatchSource | DeviceSource:
        data, scale = self.config.data, self.config.network.scale
        if run.prepare == "device" or (run.prepare == "auto" and self.device.type == "cuda"):
            return DeviceSource(slices, data, run, scale, self.device)
        return PatchSource(slices, data, run, scale)

    @property
    def seconds(self) -> float:
        """Time spent training, over all parts of the run."""
        return self._seconds_before + time.monotonic() - self._clock

    def _progress_at(self, step: int) -> float:
        """0..1 of the run, by steps, or by the clock as it was before the present step."""
        run = self.config.run
        return min(step / run.steps, 1.0) if run.steps else self.progress

    def _look_at_the_clock(self) -> float:
        run = self.config.run
        done = self.step / run.steps if run.steps else self.seconds / (run.minutes * 60.0)
        self.progress = min(self.world.agreed(done) if run.minutes else done, 1.0)
        return self.progress

    def begin(self, start: dict[str, Tensor] | None) -> None:
        """Start a new run, from fresh weights or from given ones."""
        if start is not None:
            begun_anew = begin_from(self.network, start)
            if begun_anew:
                records.say(f"Begun anew, because the given weights do not fit: {', '.join(begun_anew)}")
        self.average.load_state_dict(self.network.state_dict())
        self.source.start(curriculum.stage_at(self.config.stage, 0.0))
        self._source_state = self.source.state()
        self._clock = time.monotonic()

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint; only the length of the run and what is written may differ from its configuration."""
        for part in ("network", "data", "optimiser", "features", "adversary"):
            if getattr(saved.config, part) != getattr(self.config, part):
                raise UsageError(
                    f"The checkpoint was made with another [{part}].",
                    advice="Use --finetune to start a new run from its weights.",
                )
        self.network.load_state_dict(saved.weights)
        self.average.load_state_dict(saved.average)
        checkpoint.restore_optimiser(self.optimiser, saved.optimiser)
        if self.objective.opponent is not None and saved.opponent:
            self.objective.opponent.restore(saved.opponent)
        if saved.feature_texts and saved.feature_texts != self.objective.feature_texts:
            raise UsageError(
                "The checkpoint was made with other weights of the feature networks.",
                advice="Put those files back, or use --finetune to start a new run from its weights.",
            )
        self.source.restore(saved.source)
        self._source_state = saved.source
        torch.set_rng_state(saved.torch_random)
        self.step = saved.step
        self._seconds_before = self._saved_at = saved.seconds
        self._clock = time.monotonic()

    def go(self) -> None:
        """Train to the end; Ctrl-C leaves a checkpoint behind."""
        if self.world.writes:
            self.folder.mkdir(parents=True, exist_ok=True)
        log.info(
            "training %s on %s, %d parameters", self.config.name, self.device, parameter_count(self.network)
        )
        bar = records.ProgressBar(self.config.name, silent=not self.world.writes)
        last_validated = -1
        batches = self._batches()
        try:
            while self._look_at_the_clock() < 1.0:
                self._train_step(batches.next())
                if self.step % self.config.run.log_every_steps == 0:
                    bar.show(self.step, self._progress_at(self.step), self.seconds, self._log())
                if self.step % self.config.run.validate_every_steps == 0:
                    self._validate()
                    last_validated = self.step
                if self._save_due():
                    self.save()
        except KeyboardInterrupt:
            self.save()
            raise
        finally:
            batches.close()
        self.save()
        if last_validated != self.step:
            self._validate()
        bar.close()
        if self.world.writes:
            self._draw_curve()

    def rehearse(self, pictures: Path | None) -> None:
        """Two steps and one validation without a trace on the disk but a picture of the first batch, in `pictures`."""
        first = self._make_batch(0)
        self._train_step(first)
        self._train_step(self._make_batch(1))
        figures = head_psnr_by_protocol(self.bench[:1], self.enlarged) if self.bench else {}
        psnr = ", ".join(f"{name} {value:.2f} dB" for name, value in figures.items())
        records.say(f"{self.config.name}: {rehearsal.size_text(self.network)}")
        records.say(f"{rehearsal.memory_text(self.device)}; loss {self._mean_loss():.4f}; {psnr}")
        if self.world.writes:
            path = rehearsal.write_batch_picture(first, self.config.network.scale, self.config.name, pictures)
            records.say(f"The first batch, inputs above and truths below, is in {path}")

    def save(self) -> None:
        """Write the checkpoint in place of the last one."""
        if not self.world.writes:
            return
        opponent = self.objective.opponent
        saved = checkpoint.Checkpoint(
            config=self.config,
            step=self.step,
            seconds=self.seconds,
            weights=self.network.state_dict(),
            average=self.average.state_dict(),
            optimiser=checkpoint.optimiser_tensors(self.optimiser),
            torch_random=torch.get_rng_state(),
            source=self._source_state,
            command=self.command,
            opponent=opponent.tensors() if opponent else {},
            feature_texts=self.objective.feature_texts,
        )
        checkpoint.save(saved, self.folder / checkpoint.FILE_NAME)
        self._saved_at = saved.seconds

    @torch.inference_mode()
    def enlarged(self, low: Floats) -> Floats:
        """What the moving average makes of a slice (rows, columns)."""
        batch = torch.from_numpy(low)[None, None].to(self.device)
        with autocast(self.device, self.config.run.precision):
            result: Floats = self.average(batch)[0, 0].float().cpu().numpy()
        return result

    def _batches(self) -> BatchStream:
        # On a processor the thread would only take time from the training itself, and a device needs none.
        ahead = 4 if self.device.type != "cpu" and isinstance(self.source, PatchSource) else 0
        return BatchStream(self._make_batch, self.step, ahead)

    def _make_batch(self, step: int) -> Batch:
        batch = self.source.batch(curriculum.stage_at(self.config.stage, self._progress_at(step)))
        low, truth = (on_device(self.world.share(side), self.device) for side in (batch.low, batch.truth))
        return replace(batch, low=low, truth=truth)

    def _train_step(self, batch: Batch) -> None:
        low, truth = on_device(batch.low, self.device), on_device(batch.truth, self.device)
        step, progress = self.step, self.progress
        for group in self.optimiser.param_groups:
            group["lr"] = curriculum.learning_rate(self.config.optimiser, step, progress)
        self.optimiser.zero_grad(set_to_none=True)
        with autocast(self.device, self.config.run.precision):
            result = self._learning(low)
        loss = self.objective.loss(result, low, truth, stage=batch.stage, step=step, progress=progress)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.optimiser.clip)
        self.optimiser.step()
        self.objective.learn(result, low, truth, stage=batch.stage, step=step, progress=progress)
        self.step += 1
        self._source_state = batch.state
        self._losses.append(loss.detach())
        follow(self.average, self.network, self.config.optimiser.average, self.step)

    def _save_due(self) -> bool:
        every = self.config.run.checkpoint_every_steps
        if every and self.step % every == 0:
            return True
        return self.seconds - self._saved_at > self.config.run.checkpoint_every_minutes * 60.0

    def _mean_loss(self) -> float:
        loss = float(self.world.mean(torch.stack(self._losses).mean()))
        self._losses.clear()
        if not math.isfinite(loss):
            raise BadOutput(
                f"The loss is no longer finite at step {self.step}.",
                advice="Resume from the last checkpoint with a smaller optimiser.rate.",
            )
        return loss

    def _log(self) -> float:
        loss = self._mean_loss()
        opponent = self.objective.opponent
        judging = float(self.world.mean(opponent.last_loss)) if opponent else 0.0
        if not self.world.writes:
            return loss
        progress = self._progress_at(self.step)
        row: dict[str, object] = {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "stage": curriculum.stage_number(self.config.stage, progress),
            "rate": f"{self.optimiser.param_groups[0]['lr']:.3e}",
            "loss": f"{loss:.6f}",
        }
        if opponent:
            row["discriminator_loss"] = f"{judging:.6f}"
        row |= curriculum.columns(curriculum.stage_at(self.config.stage, progress))
        records.append_row(self.folder / records.LOSS_FILE, row)
        return loss

    def _draw_curve(self) -> None:
        try:
            from brainsr_desktop.train.curve import draw_curve  # matplotlib is an extra
        except ImportError:
            log.warning("no training curve is drawn: matplotlib is missing (install brainsr-desktop[train])")
            return
        draw_curve(self.folder, self.config)

    def _validate(self) -> None:
        if not self.bench or not self.world.writes:
            return
        figures = head_figures(self.bench, self.enlarged)
        row: dict[str, object] = {"step": self.step, "seconds": round(self.seconds, 1)}
        row |= {protocol: f"{found.psnr:.3f}" for protocol, found in figures.items()}
        row |= {f"{protocol}_ssim": f"{found.ssim:.4f}" for protocol, found in figures.items()}
        records.append_row(self.folder / records.VALIDATION_FILE, row)
        picture = comparison_picture(
            self.bench[len(self.bench) // 2], self.enlarged, self.config.network.scale
        )
        picture.save(self.folder / "validation.png")
        each = ", ".join(f"{name} {found.psnr:.3f} dB {found.ssim:.4f}" for name, found in figures.items())
        mean = float(np.mean([found.psnr for found in figures.values()]))
        records.say(f"step {self.step}: head PSNR and SSIM {each}; mean {mean:.3f} dB")
