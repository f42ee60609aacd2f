"""The pictures and numbers of docs/judging.md: ``make judging``.

Made by the program itself: a reference slice of the bundled sample, made worse by `core.degrade`, through the real
engine, measured by the functions that the window and the commands use. Numbers go to docs/judging/numbers.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread

from brainsr_desktop import paths
from brainsr_desktop.core.colours import DIFFERENCE
from brainsr_desktop.core.consistency import disagreeing, residual
from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.metrics import head_mask, scores
from brainsr_desktop.core.planted import Structure, plant, recovered
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.rings import local_agreement, resolution_mm, ring_correlation
from brainsr_desktop.core.suitability import Measured, appearance, reasons
from brainsr_desktop.core.uncertainty import by_block, rank_correlation
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.session.trust import limit_of
from brainsr_desktop.train.evaluate import enhanced

Floats = NDArray[np.float32]
Colours = NDArray[np.uint8]
Part = tuple[int, int, int]
"""First row, first column and side of a square, pixels."""

SERIES: Final = "2_t1_reference"
NUMBER: Final = 25
"""The slice all pictures are of, from 1."""
DETAIL: Final[Part] = (112, 92, 84)
FLAT: Final[Part] = (88, 100, 56)
SEED: Final = 1
MADE: Final = Degradation(noise_percent=2.0, reduction=4, seed=SEED)
"""What training expects: a quarter of the matrix, a little noise."""
NAMES: Final = {
    "bicubic": "cubic",
    "zerofill": "zero-filled",
    "brainsr-x4": "brainsr-x4",
    "brainsr-x4-gan": "brainsr-x4-gan",
}
NETWORKS: Final = "espcn-x4,brainsr-x4,brainsr-x4-gan"
LESION_MM: Final = 4.0
TILE_PX: Final = 236
GAP_PX: Final = 8
TEXT_PX: Final = 13
LINE_PX: Final = 17
BAR_PX: Final = 8
INK: Final = (27, 31, 36)
OUTLINE: Final = (255, 210, 0)
LARGEST_BYTES: Final = 300_000


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A true slice (rows, columns) float32 with its pixels' size, range and head."""

    pixels: Floats
    spacing_mm: tuple[float, float]
    range_size: float
    head: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A part of a picture (rows, columns, 3) with its title, lines below and squares to be outlined.

    ``bar`` are the colours of a map, ``ends`` what their ends mean.
    """

    title: str
    pixels: Colours
    part: Part | None = None
    lines: tuple[str, ...] = ()
    bar: Colours | None = None
    ends: tuple[str, str] = ("", "")
    outlines: tuple[Part, ...] = ()


class Maker:
    """Makes one picture after the other and keeps their numbers."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._catalog = load_catalog()
        self._engine = Engine(self._catalog)
        self.truth = read_truth(NUMBER)
        self.numbers: dict[str, Any] = {"slice": f"{SERIES}, number {NUMBER}", "seed": SEED}

    def made(self, model: str, truth: Floats, worse: Degradation | None, scale: int = 4) -> Floats:
        """What a model makes of a slice, made worse first; cut to the slice."""
        done = enhanced(self._engine, truth, Recipe(model, scale, worse), NUMBER - 1, self.truth.range_size)
        return done.pixels

    def limit(self, model: str) -> float:
        """How far a model's picture may be from its input, percent."""
        return limit_of(self._catalog.find(model))

    def outside(self, model: str, low: Floats, spacing_mm: tuple[float, float]) -> list[str]:
        """Why the banner warns of an input."""
        trust = self._catalog.find(model).trust
        rows, columns = low.shape
        measured = Measured("MR", "", spacing_mm, (rows, columns), appearance=appearance(low))
        found = () if trust is None else reasons(measured, trust.trained)
        return [f"{one.kind} {one.value:.3g} ({one.low:g} to {one.high:g})" for one in found]

    def spread(self, truth: Floats, worse: Degradation) -> tuple[Floats, Floats]:
        """The mean of the eight flips and turns, and their spread."""
        recipe = Recipe("brainsr-x4", 4, worse, careful=True)
        done = enhanced(self._engine, truth, recipe, NUMBER - 1, self.truth.range_size)
        assert done.spread is not None
        return done.pixels, done.spread

    def judged(self, picture: Floats) -> dict[str, float]:
        """Figures against the truth."""
        truth = self.truth
        found = scores(picture, truth.pixels, range_max=truth.range_size)
        rings = ring_correlation(picture, truth.pixels, truth.spacing_mm)
        return {
            "head_psnr": round(found["head_psnr"], 2),
            "ssim": round(found["ssim"], 3),
            "resolution_mm": round(resolution_mm(rings), 2),
        }

    def save(self, name: str, rows: Sequence[Sequence[Tile]], numbers: Any) -> None:
        """Write a picture, with as many colours as it may have, and keep its numbers."""
        self.write(name, sheet(rows), numbers)

    def write(self, name: str, drawn: Image.Image, numbers: Any) -> None:
        """As `save`, of what is drawn already."""
        path = self.out / f"{name}.png"
        for colours in (None, 256, 128, 64):
            small = (
                drawn
                if colours is None
                else drawn.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            )
            small.save(path, "PNG", optimize=True)
            if path.stat().st_size < LARGEST_BYTES:
                break
        if numbers:
            self.numbers[name] = numbers
        print(f"{path.name}: {path.stat().st_size // 1000} kB {json.dumps(numbers)}")


def main() -> int:
    """Make all pictures, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=PICTURES, action="append")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    kept = chosen.out / "numbers.json"
    maker = Maker(chosen.out)
    if chosen.only and kept.exists():
        maker.numbers |= json.loads(kept.read_text(encoding="utf-8"))
    for name in chosen.only or PICTURES:
        PICTURES[name](maker)
    kept.write_text(json.dumps(maker.numbers, indent=1) + "\n", encoding="utf-8")
    return 0


def read_truth(number: int) -> Truth:
    """A reference slice of the bundled sample."""
    header = dcmread(paths.sample_dir() / SERIES / f"IM{number:04d}.dcm")
    pixels = header.pixel_array.astype(np.float32)
    low, high = robust_range(pixels)
    rows_mm, columns_mm = (float(value) for value in header.PixelSpacing)
    return Truth(pixels, (rows_mm, columns_mm), high - low, head_mask(pixels))


# Pictures of the document


def helps(maker: Maker) -> None:
    """Where it helps: noise and matrix as in training."""
    truth, numbers, tiles = maker.truth, {}, [_grey(maker, "truth", maker.truth.pixels, DETAIL)]
    low = degrade(truth.pixels, MADE, slice_index=NUMBER - 1)
    tiles.append(_grey(maker, "input, 4 times coarser", enlarge(low, 4, "nearest"), DETAIL))
    for model, name in NAMES.items():
        picture = maker.made(model, truth.pixels, MADE)
        numbers[model] = maker.judged(picture)
        tiles.append(_grey(maker, name, picture, DETAIL, _figures(numbers[model])))
    maker.save("helps", (tiles[:3], tiles[3:]), numbers)


def maps(maker: Maker) -> None:
    """The maps of one slice that need no truth, and beside them what only the truth tells."""
    truth, limit = maker.truth, 0.1 * maker.truth.range_size
    low = degrade(truth.pixels, MADE, slice_index=NUMBER - 1)
    picture = maker.made("brainsr-x4", truth.pixels, MADE)
    cubic = maker.made("bicubic", truth.pixels, MADE)
    mean, spread = maker.spread(truth.pixels, MADE)
    left, error = residual(picture, low, 4, _coarser(truth, 4)), picture - truth.pixels
    agreement = local_agreement(picture, truth.pixels, truth.spacing_mm, 4)
    numbers = {
        "consistency_percent": round(left.part, 2),
        "limit_percent": maker.limit("brainsr-x4"),
        "spread_to_error_rank_correlation": round(
            rank_correlation(*by_block(spread, mean - truth.pixels, truth.head)), 2
        ),
        "mean_agreement_in_head": round(float(agreement[truth.head].mean()), 2),
    }
    without = (
        _signed("difference: minus cubic", picture - cubic, limit),
        _signed("consistency: minus the input", _on_matrix(left.map, picture, 4), limit),
        _unsigned("stability: spread, not error", spread, limit / 2),
    )
    with_truth = (
        _grey(maker, "enhanced by brainsr-x4", picture),
        _unsigned("agreement with the truth", agreement, 1.0),
        _signed("error: minus the truth", error, limit),
    )
    maker.save("maps", (without,), numbers)
    maker.save("maps_truth", (with_truth,), {})


def _on_matrix(values: Floats, picture: Floats, scale: int) -> Floats:
    """A map of the input's matrix, as large as the picture."""
    rows, columns = picture.shape
    return enlarge(values, scale, "nearest")[:rows, :columns].astype(np.float32)


def noise(maker: Maker) -> None:
    """Where it fails: far more noise than in training."""
    worse = replace(MADE, noise_percent=10.0)
    truth, numbers = maker.truth, {}
    low = degrade(truth.pixels, worse, slice_index=NUMBER - 1)
    tiles = [
        _grey(maker, "truth", truth.pixels, DETAIL),
        _grey(maker, "input, 10 % noise", enlarge(low, 4, "nearest"), DETAIL),
    ]
    for model, name in NAMES.items():
        picture = maker.made(model, truth.pixels, worse)
        numbers[model] = maker.judged(picture) | _held_against(maker, model, picture, low, 4)
        tiles.append(_grey(maker, name, picture, DETAIL, _figures(numbers[model])))
    maker.save("noise", (tiles[:3], tiles[3:]), numbers)


def interpolated(maker: Maker) -> None:
    """Where it fails: a matrix that the scanner had filled up before, so that the pixels are finer than the picture."""
    truth, worse = maker.truth, replace(MADE, noise_percent=0.0)
    low = degrade(truth.pixels, worse, slice_index=NUMBER - 1)
    filled = enlarge(low, 2, "zerofill").astype(np.float32)
    rows, columns = truth.pixels.shape
    tiles = [_grey(maker, "truth", truth.pixels, DETAIL)]
    numbers = {}
    for model, source, scale, name in (
        ("bicubic", filled, 2, "interpolated input, cubic x2"),
        ("brainsr-x2", filled, 2, "interpolated input, brainsr-x2"),
        ("brainsr-x4", low, 4, "the true matrix, brainsr-x4"),
    ):
        picture = maker.made(model, source, None, scale)
        checked = _held_against(maker, model, picture, source, scale)
        picture = picture[:rows, :columns]
        numbers[name] = maker.judged(picture) | checked
        tiles.append(_grey(maker, name, picture, DETAIL, _figures(numbers[name])))
    maker.save("interpolated", (tiles[:2], tiles[2:]), numbers)


def _coarser(truth: Truth, times: int) -> tuple[float, float]:
    """Size of the input's pixels, mm."""
    rows_mm, columns_mm = truth.spacing_mm
    return times * rows_mm, times * columns_mm


def _held_against(maker: Maker, model: str, picture: Floats, low: Floats, scale: int) -> dict[str, Any]:
    """What the program says of a picture without knowing the truth."""
    spacing_mm = _coarser(maker.truth, scale)
    left, limit = residual(picture, low, scale, spacing_mm), maker.limit(model)
    return {
        "consistency_percent": round(left.part, 2),
        "limit_percent": limit,
        "places_over_limit": len(disagreeing(left, limit)),
        "outside_training": maker.outside(model, low, spacing_mm),
    }


def planted(maker: Maker) -> None:
    """A lesion that survives, and one that is lost: known structures put into the truth first."""
    truth = maker.truth
    structures = (
        Structure("lesion", LESION_MM, 30.0, (170.0, 112.0)),
        Structure("dot", 2.0, -20.0, (124.0, 161.0)),
    )
    with_them = plant(truth.pixels, structures, truth.spacing_mm)
    circles = tuple((round(s.place[0]) - 9, round(s.place[1]) - 9, 18) for s in structures)
    low = enlarge(degrade(with_them, MADE, slice_index=NUMBER - 1), 4, "nearest")
    tiles = [
        replace(_grey(maker, title, pixels, DETAIL), outlines=circles)
        for title, pixels in (("truth with 2 planted structures", with_them), ("input, 4 times coarser", low))
    ]
    numbers = {}
    for model, name in NAMES.items():
        picture = maker.made(model, with_them, MADE)
        answer = picture - maker.made(model, truth.pixels, MADE)
        shares = [recovered(answer, s, truth.spacing_mm, truth.range_size).contrast for s in structures]
        numbers[model] = {
            "lesion_4mm_30_percent": round(shares[0], 2),
            "dot_2mm_20_percent": round(shares[1], 2),
        }
        lines = (f"4 mm lesion: {100 * shares[0]:.0f} % back", f"2 mm dot: {100 * shares[1]:.0f} % back")
        tiles.append(replace(_grey(maker, name, picture, DETAIL, lines), outlines=circles))
    maker.save("planted", (tiles[:3], tiles[3:]), numbers)


def invented(maker: Maker) -> None:
    """What consistency says of an honest picture, and of one in which a lesion was painted."""
    truth = maker.truth
    low = degrade(truth.pixels, MADE, slice_index=NUMBER - 1)
    honest = maker.made("brainsr-x4", truth.pixels, MADE)
    place = Structure("lesion", LESION_MM, 30.0, (150.0, 110.0))
    painted = plant(honest, (place,), truth.spacing_mm)
    limit = maker.limit("brainsr-x4")
    tiles: list[Tile] = []
    numbers: dict[str, Any] = {"limit": limit}
    for name, picture in (("honest", honest), ("a lesion painted into it", painted)):
        left = residual(picture, low, 4, _coarser(truth, 4))
        places = disagreeing(left, limit)
        numbers[name] = {"consistency_percent": round(left.part, 2), "places": len(places)}
        outlines = tuple((4 * p.top, 4 * p.left, 4 * (p.bottom - p.top)) for p in places)
        shown = _grey(maker, name, picture, None, (f"residual {left.part:.1f} %, limit {limit:g} %",))
        left_map = _signed("consistency", _on_matrix(left.map, picture, 4), 0.1 * truth.range_size)
        tiles += [replace(tile, outlines=outlines) for tile in (shown, left_map)]
    maker.save("invented", (tiles,), numbers)


def texture(maker: Maker) -> None:
    """What the perceptual model adds where the truth has little: texture that looks like tissue and is none."""
    truth, limit = maker.truth, 0.1 * maker.truth.range_size
    pictures = {model: maker.made(model, truth.pixels, MADE) for model in ("brainsr-x4", "brainsr-x4-gan")}
    numbers = {name: _detail(maker, picture) for name, picture in {"truth": truth.pixels, **pictures}.items()}
    tiles = [_grey(maker, "truth", truth.pixels, FLAT, (f"fine detail {numbers['truth']:.2f} %",))]
    for name, picture in pictures.items():
        tiles.append(_grey(maker, name, picture, FLAT, (f"fine detail {numbers[name]:.2f} %",)))
    change = pictures["brainsr-x4-gan"] - pictures["brainsr-x4"]
    missing = truth.pixels - pictures["brainsr-x4"]
    added, lacking = (_beyond_input(values)[truth.head] for values in (change, missing))
    numbers["added_to_missing_correlation"] = round(float(np.corrcoef(added, lacking)[0, 1]), 2)
    tiles.append(_signed("gan minus brainsr-x4", change, limit / 2, part=FLAT))
    maker.save("texture", (tiles,), numbers)


def _beyond_input(picture: Floats) -> NDArray[np.float64]:
    """What the input could not hold: the frequencies beyond its own."""
    spectrum = np.fft.fft2(picture.astype(np.float64))
    down, across = (np.abs(np.fft.fftfreq(size)) for size in picture.shape)
    return np.asarray(np.fft.ifft2(spectrum * (np.maximum(down[:, None], across[None, :]) > 0.125)).real)


def _detail(maker: Maker, picture: Floats) -> float:
    """Standard deviation of the detail beyond the input in the part shown, percent of the range."""
    row, column, side = FLAT
    part = _beyond_input(picture)[row : row + side, column : column + side]
    return round(100.0 * float(part.std()) / maker.truth.range_size, 2)


def sweep(maker: Maker) -> None:
    """Where each network falls behind the best interpolation as the noise grows: the command's own figure."""
    figure = maker.out / "sweep.png"
    chosen = f"--series 2 --slices {NUMBER} --vary noise=0:12:1 --seed {SEED} --models {NETWORKS}"
    found = _brainsr("sweep", *chosen.split(), "--figure", str(figure))["breaking_points"]
    kept = {model: {name: points[name] for name in ("head_psnr", "ssim")} for model, points in found.items()}
    with Image.open(figure) as drawn:
        maker.write("sweep", drawn.convert("RGB"), {"behind_from_noise_percent": kept})


def structures(maker: Maker) -> None:
    """The hallucination test on six slices: numbers alone."""
    chosen = f"--series 2 --slices 15-35 --stride 4 --protocols --planted --seed {SEED} --models {NETWORKS}"
    told = ("recovered_contrast", "resolution_mm", "false_structures_per_slice", "n")
    found = _brainsr("evaluate", *chosen.split())["planted"]
    maker.numbers["structures"] = {
        model: {name: figures[name] for name in told}
        | {f"{size}_mm": cells["all"]["recovered_contrast"] for size, cells in figures["by_size"].items()}
        for model, figures in found.items()
    }


def window(maker: Maker) -> None:
    """The window with the map of consistency and the section Trust."""
    look, way = "en-100-light-1280x800", "trust=middle,full,mode_consistency,shown,section trust"
    script = Path(__file__).with_name("screenshots.py")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, script, folder, "--look", look, "--way", way], check=True)
        with Image.open(Path(folder) / f"{look}-trust.png") as drawn:
            maker.write("window", drawn.convert("RGB"), None)


def _brainsr(command: str, *arguments: str) -> Any:
    """What a command says in JSON of the sample study."""
    start = (sys.executable, "-m", "brainsr_desktop.cli.main", command, str(paths.sample_dir()), "--quiet")
    done = subprocess.run([*start, *arguments, "--json", "-"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


PICTURES: Final[dict[str, Callable[[Maker], None]]] = {
    "helps": helps,
    "maps": maps,
    "noise": noise,
    "interpolated": interpolated,
    "planted": planted,
    "invented": invented,
    "texture": texture,
    "sweep": sweep,
    "structures": structures,
    "window": window,
}


# Drawing


def _figures(numbers: dict[str, float]) -> tuple[str, ...]:
    return (
        f"head {numbers['head_psnr']:.2f} dB, SSIM {numbers['ssim']:.3f}",
        f"resolves {numbers['resolution_mm']:.1f} mm",
    )


def _grey(
    maker: Maker, title: str, pixels: Floats, part: Part | None = None, lines: tuple[str, ...] = ()
) -> Tile:
    levels = np.clip(pixels / (1.1 * maker.truth.range_size) * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8)
    return Tile(title, np.repeat(levels[:, :, None], 3, axis=2), part, lines)


def _signed(
    title: str, values: Floats, limit: float, lines: tuple[str, ...] = (), part: Part | None = None
) -> Tile:
    levels = np.clip((values / limit + 1.0) * 127.5, 0.0, 255.0).astype(np.uint8)
    ends = (f"-{limit:.2g}", f"+{limit:.2g}")
    return Tile(title, DIFFERENCE[levels], part, lines, DIFFERENCE, ends)


def _unsigned(title: str, values: Floats, limit: float) -> Tile:
    levels = np.clip(values / limit * 127.5 + 127.5, 127.5, 255.0).astype(np.uint8)
    return Tile(title, DIFFERENCE[levels], bar=DIFFERENCE[128:], ends=("0", f"{limit:.2g}"))


def sheet(rows: Sequence[Sequence[Tile]]) -> Image.Image:
    """Rows of tiles, each with its title above and its lines below."""
    font = ImageFont.truetype(str(paths.resources_dir() / "fonts" / "DejaVuSans.ttf"), TEXT_PX)
    drawn = [[_tile(tile, font) for tile in row] for row in rows]
    width = max(sum(tile.width + GAP_PX for tile in row) for row in drawn) + GAP_PX
    heights = [max(tile.height for tile in row) + GAP_PX for row in drawn]
    whole = Image.new("RGB", (width, sum(heights) + GAP_PX), "white")
    y = GAP_PX
    for row, height in zip(drawn, heights, strict=True):
        x = GAP_PX
        for tile in row:
            whole.paste(tile, (x, y))
            x += tile.width + GAP_PX
        y += height
    return whole


def _tile(tile: Tile, font: ImageFont.FreeTypeFont) -> Image.Image:
    row, column, rows, columns = 0, 0, *tile.pixels.shape[:2]
    if tile.part is not None:
        row, column, side = tile.part
        rows = columns = side
    zoom = TILE_PX / columns
    height = round(rows * zoom)
    picture = Image.fromarray(np.ascontiguousarray(tile.pixels[row : row + rows, column : column + columns]))
    how = Image.Resampling.NEAREST if zoom >= 2.0 else Image.Resampling.BICUBIC
    below = LINE_PX * len(tile.lines) + (BAR_PX + LINE_PX if tile.bar is not None else 0)
    whole = Image.new("RGB", (TILE_PX, LINE_PX + height + below), "white")
    whole.paste(picture.resize((TILE_PX, height), how), (0, LINE_PX))
    pen = ImageDraw.Draw(whole)
    pen.text((0, 0), tile.title, fill=INK, font=font)
    for top, left, side in tile.outlines:
        x, y = (left - column) * zoom, (top - row) * zoom + LINE_PX
        pen.rectangle((x, y, x + side * zoom, y + side * zoom), outline=OUTLINE, width=2)
    y = LINE_PX + height
    if tile.bar is not None:
        strip = Image.fromarray(np.ascontiguousarray(tile.bar[None, :, :]))
        whole.paste(strip.resize((TILE_PX, BAR_PX), Image.Resampling.BILINEAR), (0, int(y)))
        pen.text((0, y + BAR_PX), tile.ends[0], fill=INK, font=font)
        pen.text((TILE_PX, y + BAR_PX), tile.ends[1], fill=INK, font=font, anchor="ra")
        y += BAR_PX + LINE_PX
    for line in tile.lines:
        pen.text((0, y), line, fill=INK, font=font)
        y += LINE_PX
    return whole


if __name__ == "__main__":
    raise SystemExit(main())
