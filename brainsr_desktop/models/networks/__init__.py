"""The networks by name: import path of a function `build(**config)` that gives the torch module."""

NETWORKS = {
    "brainsr": "brainsr_desktop.models.networks.brainsr:build",
    "espcn": "brainsr_desktop.models.networks.espcn:build",
}
