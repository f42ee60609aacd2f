"""The networks by name: import path of a function `build(**config)` that gives the torch module."""

NETWORKS = {
    "brainsr": "brainsr_desktop.models.networks.brainsr:build",
    "brainsr-staged": "brainsr_desktop.models.networks.brainsr_staged:build",
    "espcn": "brainsr_desktop.models.networks.espcn:build",
    "espcn-ps": "brainsr_desktop.models.networks.espcn_ps:build",
    "espcn-tanh": "brainsr_desktop.models.networks.espcn_tanh:build",
    "srcnn": "brainsr_desktop.models.networks.srcnn:build",
}
