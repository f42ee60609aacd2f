"""A network on CUDA as one recorded graph for each shape: its many small layers are then started by one call.

On a fast device the layers of a slice take less time than the processor needs to start them one by one. A recording
(torch.cuda.graphs) starts them all. Where a device or a network does not allow it the network runs layer by layer.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

SHAPES_KEPT: Final = 2
"""A slice and its turned sister in careful mode; each keeps the memory of its layers."""
AGREEMENT: Final = 1e-4
WARM_UP: Final = 3
"""Runs before a recording, as torch's manual asks: libraries choose and load their kernels."""


@dataclass(frozen=True, slots=True, eq=False)
class _Recorded:
    graph: Any
    given: torch.Tensor
    result: torch.Tensor


class CudaGraphs:
    """Runs a function of one tensor, recorded for the shapes used last. For one thread."""

    def __init__(self, run: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._run = run
        self._recorded: OrderedDict[tuple[int, ...], _Recorded] = OrderedDict()
        self._possible = True

    def __call__(self, given: torch.Tensor) -> torch.Tensor:
        """The function's result; it is overwritten by the next call with the same shape.

        Raises:
            torch.OutOfMemoryError: as the function itself.
        """
        if not self._possible:
            return self._run(given)
        recorded = self._recorded.pop(tuple(given.shape), None) or self._record(given)
        if recorded is None:
            return self._run(given)
        self._recorded[tuple(given.shape)] = recorded
        while len(self._recorded) > SHAPES_KEPT:
            self._recorded.popitem(last=False)
        recorded.given.copy_(given)
        recorded.graph.replay()
        return recorded.result

    def clear(self) -> None:
        """Give the recordings' memory back."""
        self._recorded.clear()

    def _record(self, given: torch.Tensor) -> _Recorded | None:
        import torch

        kept = given.clone()
        try:
            with torch.cuda.device(given.device):
                expected = self._warmed_up(kept)
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    result = self._run(kept)
                graph.replay()
                self._possible = torch.allclose(result, expected, atol=AGREEMENT)
        except torch.OutOfMemoryError:
            self.clear()
            raise
        except (
            RuntimeError
        ) as error:  # torch has one exception for everything that a recording does not allow
            log.info("The network cannot be recorded: %s", error)
            self._possible = False
            return None
        if not self._possible:
            log.warning("The recorded network differs from the network; it runs layer by layer")
            return None
        return _Recorded(graph, kept, result)

    def _warmed_up(self, given: torch.Tensor) -> torch.Tensor:
        """The result of the last of a few runs beside the usual stream."""
        import torch

        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP - 1):
                self._run(given)
            result = self._run(given)
        torch.cuda.current_stream().wait_stream(stream)
        return result
