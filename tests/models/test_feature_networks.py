"""The feature networks against the figures of their papers and of torchvision's published weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from brainsr_desktop.models.networks import discriminator, inception_v3, vgg19
from brainsr_desktop.models.networks.feature_network import used_weights


def parameters(network: nn.Module) -> int:
    return sum(tensor.numel() for tensor in network.parameters())


@pytest.fixture(scope="module")
def vgg() -> vgg19.Vgg19:
    return vgg19.build().eval()


@pytest.fixture(scope="module")
def inception() -> inception_v3.InceptionV3:
    return inception_v3.build().eval()


def test_that_vgg19_has_the_convolutions_of_the_paper(vgg: vgg19.Vgg19) -> None:
    """All of VGG19 has 143,667,240 parameters, of which its three fully connected layers have 123,642,856."""
    assert parameters(vgg) == 143_667_240 - 123_642_856
    convolutions = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
    expected = {f"features.{i}.{kind}" for i in convolutions for kind in ("weight", "bias")}
    assert set(vgg.state_dict()) == expected


def test_that_inception_has_the_parameters_of_the_paper(inception: inception_v3.InceptionV3) -> None:
    """23,834,568 in all, less the layers after Mixed_6e: they are counted here from their figures in the paper."""

    def layer(channels_in: int, channels_out: int, area: int) -> int:
        return channels_in * channels_out * area + 2 * channels_out

    reduction = layer(768, 192, 1) + layer(192, 320, 9)
    reduction += layer(768, 192, 1) + 2 * layer(192, 192, 7) + layer(192, 192, 9)

    def wide(channels: int) -> int:
        first = layer(channels, 320, 1) + layer(channels, 384, 1) + 2 * layer(384, 384, 3)
        second = layer(channels, 448, 1) + layer(448, 384, 9) + 2 * layer(384, 384, 3)
        return first + second + layer(channels, 192, 1)

    classifier = 2048 * 1000 + 1000
    assert parameters(inception) == 23_834_568 - reduction - wide(1280) - wide(2048) - classifier


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Conv2d_1a_3x3.conv.weight", (32, 3, 3, 3)),
        ("Conv2d_4a_3x3.bn.running_var", (192,)),
        ("Mixed_5b.branch1x1.conv.weight", (64, 192, 1, 1)),
        ("Mixed_5b.branch5x5_2.conv.weight", (64, 48, 5, 5)),
        ("Mixed_5d.branch3x3dbl_3.bn.weight", (96,)),
        ("Mixed_5c.branch_pool.conv.weight", (64, 256, 1, 1)),
        ("Mixed_6a.branch3x3.conv.weight", (384, 288, 3, 3)),
        ("Mixed_6b.branch7x7_2.conv.weight", (128, 128, 1, 7)),
        ("Mixed_6c.branch7x7_3.conv.weight", (192, 160, 7, 1)),
        ("Mixed_6e.branch7x7dbl_2.conv.weight", (192, 192, 7, 1)),
        ("Mixed_6e.branch7x7dbl_5.conv.weight", (192, 192, 1, 7)),
    ],
)
def test_that_inception_carries_torchvisions_names(
    inception: inception_v3.InceptionV3, name: str, shape: tuple[int, ...]
) -> None:
    assert tuple(inception.state_dict()[name].shape) == shape


def test_that_layers_have_the_sizes_of_the_papers(
    vgg: vgg19.Vgg19, inception: inception_v3.InceptionV3
) -> None:
    with torch.inference_mode():
        shallow = vgg(torch.zeros(1, 1, 32, 48), ("relu1_1", "conv3_4", "relu5_4"))
        maps = inception(torch.zeros(1, 1, 299, 299), ("Conv2d_2b_3x3", "Mixed_5d", "Mixed_6e"))
    assert [tuple(shallow[name].shape[1:]) for name in ("relu1_1", "conv3_4", "relu5_4")] == [
        (64, 32, 48),
        (256, 8, 12),
        (512, 2, 3),
    ]
    assert [tuple(found.shape[1:]) for found in maps.values()] == [
        (64, 147, 147),
        (288, 35, 35),
        (768, 17, 17),
    ]


def test_that_every_layer_can_be_read_by_its_name() -> None:
    network = vgg19.build("relu2_2")
    assert network.layers[-3:] == ("relu2_1", "conv2_2", "relu2_2")
    with torch.inference_mode():
        assert list(network(torch.zeros(1, 1, 8, 8), network.layers)) == list(network.layers)
    with pytest.raises(ValueError, match="relu5_4"):
        network(torch.zeros(1, 1, 8, 8), ("relu5_4",))
    with pytest.raises(ValueError, match="relu9_9"):
        vgg19.build("relu9_9")
    with pytest.raises(ValueError, match="Mixed_9"):
        inception_v3.build("Mixed_9")


def test_that_grey_becomes_three_channels_normalised_as_the_weights_expect(
    inception: inception_v3.InceptionV3,
) -> None:
    """Set to hand its channels on, VGG19's first layer shows ImageNet's figures; InceptionV3's range is -1..1."""
    network = vgg19.build("conv1_1")
    convolution = network.features[0]
    assert isinstance(convolution, nn.Conv2d)
    with torch.no_grad():
        convolution.weight.zero_()
        for channel in range(3):
            convolution.weight[channel, channel, 1, 1] = 1.0
        found = network(torch.full((1, 1, 4, 4), 0.5), ("conv1_1",))["conv1_1"][0, :3, 1, 1]
    expected = [(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]
    torch.testing.assert_close(found, torch.tensor(expected))
    assert torch.equal(
        (torch.tensor([0.0, 1.0]) - inception.mean.flatten()[0]) / 0.5, torch.tensor([-1.0, 1.0])
    )


def test_that_a_published_dictionary_fits_and_a_wrong_one_is_named() -> None:
    network = inception_v3.build("Conv2d_1a_3x3")
    published = dict(inception_v3.build("Conv2d_2a_3x3").state_dict()) | {"fc.weight": torch.zeros(3)}
    del published["Conv2d_1a_3x3.bn.num_batches_tracked"]
    network.load_state_dict(used_weights(network, published))
    assert torch.equal(
        network.state_dict()["Conv2d_1a_3x3.conv.weight"], published["Conv2d_1a_3x3.conv.weight"]
    )
    with pytest.raises(ValueError, match="shape"):
        used_weights(network, published | {"Conv2d_1a_3x3.bn.bias": torch.zeros(5)})
    del published["Conv2d_1a_3x3.bn.running_mean"]
    with pytest.raises(ValueError, match=r"Conv2d_1a_3x3\.bn\.running_mean is missing"):
        used_weights(network, published)


def test_that_a_signal_reaches_the_deepest_layer_of_fresh_weights(vgg: vgg19.Vgg19) -> None:
    """He's initialisation keeps the variance through 16 layers; the smaller usual one would leave 1e-4 of it."""
    picture = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        deviations = [float(found.std()) for found in vgg(picture, ("relu1_1", "relu5_4")).values()]
    assert 0.05 < deviations[1] / deviations[0] < 20


@pytest.mark.parametrize(("scale", "low", "verdicts"), [(4, (20, 24), (5, 6)), (2, (17, 16), (3, 2))])
def test_that_the_discriminator_judges_patches(
    scale: int, low: tuple[int, int], verdicts: tuple[int, int]
) -> None:
    network = discriminator.build(scale=scale, width=4)
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.stride[0] for layer in convolutions] == [1, 2, 1, 2, 1, 2, 1, 2, 1, 1]
    assert [layer.out_channels for layer in convolutions] == [4, 4, 8, 8, 16, 16, 32, 32, 32, 1]
    image = torch.rand(2, 1, low[0] * scale, low[1] * scale, requires_grad=True)
    result = network(image, torch.rand(2, 1, *low))
    assert tuple(result.shape) == (2, 1, *verdicts)
    result.sum().backward()
    assert all(tensor.grad is not None and tensor.grad.any() for tensor in network.parameters())


def test_that_a_verdict_sees_as_far_as_stated() -> None:
    network = discriminator.build(scale=2, width=4).double()
    side = network.config.receptive_field_px
    image = torch.rand(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    network.float()(image.float(), torch.rand(1, 1, 128, 128))[0, 0, 8, 8].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].nonzero()
    reach = seen.max(0).values - seen.min(0).values + 1
    assert reach.tolist() == [side, side]


def test_that_the_discriminator_sees_the_low_resolution_slice() -> None:
    network = discriminator.build(scale=4, width=4).eval()
    image = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        assert not torch.equal(
            network(image, torch.rand(1, 1, 16, 16)), network(image, torch.rand(1, 1, 16, 16))
        )


def test_that_no_layer_of_the_discriminator_enlarges() -> None:
    """Spectral normalisation: the largest singular value of each layer's matrix is 1."""
    network = discriminator.build(scale=2, width=4).train()
    for _ in range(100):
        network(torch.rand(1, 1, 32, 32), torch.rand(1, 1, 16, 16))
    for layer in network.eval().modules():
        if isinstance(layer, nn.Conv2d):
            assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(
                1.0, abs=1e-2
            )
