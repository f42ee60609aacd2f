"""The sample study is of the kind that the networks were trained on: nobody is asked before it is enhanced."""

from __future__ import annotations

import numpy as np
import pytest

from brainsr_desktop import paths
from brainsr_desktop.core.suitability import appearance
from brainsr_desktop.io.load import read_frame
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.session import suitability

MODELS = [card for card in load_catalog().cards if card.default and not card.is_interpolation]


@pytest.mark.parametrize("card", MODELS, ids=lambda card: card.name)
def test_that_the_sample_study_raises_no_doubt(card: Card) -> None:
    if card.trust is None:
        pytest.skip("this model was not calibrated")
    series, _ = scan_all([str(paths.sample_dir())])
    for stack in (stack for found in series for stack in found.stacks):
        pixels, problem = read_frame(stack, stack.slices // 2)
        assert problem is None
        measured = suitability.measured(stack, appearance(pixels.astype(np.float32)))
        assert suitability.doubts_of(measured, card.trust.trained) == ()
