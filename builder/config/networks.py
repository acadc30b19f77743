"""One network's settings, merged from the config and from the network's own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_type_hints

from builder.config.checks import checked, refuse_unknown, within
from builder.config.training import NetworkConfig, TrainingConfig
from builder.network import Design, design_of


@dataclass(frozen=True, slots=True)
class ResolvedNetwork:
    """One network with all its settings. `Config.network_of` resolves it once; all stages receive this object.

    form: the width of its input and its initial weights. layout: the arguments of the function that builds it.
    """

    name: str
    design: Design
    form: NetworkConfig
    recipe: TrainingConfig
    layout: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """Form, recipe and layout in one table, as a config file could contain them."""
        return {**asdict(self.form), **asdict(self.recipe), **self.layout}


def fields_of(section: type) -> dict[str, Any]:
    """The keys of a section of the config, each with its allowed values."""
    return get_type_hints(section, include_extras=True)


OWN = {"network": NetworkConfig, "training": TrainingConfig}  # of these sections a network may say something else
RECIPE = {key: (section, hint) for section, of in OWN.items() for key, hint in fields_of(of).items()}


def read_own(table: dict[str, Any], network: str, where: str) -> dict[str, Any]:
    """The settings by which a network's own file, or a table with its name, differs from [network] and [training]."""
    settings = design_of(network).settings
    refuse_unknown(table, network, {**RECIPE, **settings}, where)
    return {key: checked_own(network, key, value) for key, value in table.items()}


def checked_own(network: str, key: str, value: Any) -> Any:
    """One checked setting of the network's recipe or of its layout."""
    if key in RECIPE:
        section, hint = RECIPE[key]
        return checked(f"{section}.{key}", value, hint)
    return within(f"{network}.{key}", value, design_of(network).settings[key])
