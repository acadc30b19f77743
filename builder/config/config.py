"""The whole config, and the settings of each network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, get_type_hints

from builder.config.data import DataConfig, DemoConfig, SplitConfig
from builder.config.evaluation import CalibrationConfig, EvaluationConfig, OodConfig
from builder.config.networks import RECIPE, ResolvedNetwork, fields_of, read_own
from builder.config.site import ExportConfig, SiteConfig
from builder.config.studies import FoldsConfig, LeakageConfig, SearchConfig
from builder.config.training import NO_BASE, AugmentConfig, MachinesConfig, NetworkConfig, TrainingConfig
from builder.network import design_of


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file, one section per stage; `training.epochs` is already the number for the data in use.

    own: for each network, the settings in its own table and its layout settings. set_by_hand: the keys of [network] and
    [training] that the user set.
    """

    data: DataConfig
    demo: DemoConfig
    split: SplitConfig
    augment: AugmentConfig
    network: NetworkConfig
    training: TrainingConfig
    machines: MachinesConfig
    calibration: CalibrationConfig
    ood: OodConfig
    evaluation: EvaluationConfig
    leakage: LeakageConfig
    folds: FoldsConfig
    search: SearchConfig
    export: ExportConfig
    site: SiteConfig
    own: Mapping[str, Mapping[str, Any]]
    set_by_hand: frozenset[str]

    @property
    def is_demo(self) -> bool:
        return self.data.source == "demo"

    def network_of(self, name: str) -> ResolvedNetwork:
        """How that network is built and trained, with all settings merged; raises a BuildError if it does not exist.

        [network] and [training] apply to all networks. The network's own file overrides them, settings by hand override
        that, and a table with the network's name overrides everything.
        """
        design, table = design_of(name), self.own.get(name, {})
        own = dict(design.recipe)
        for key in ("epochs", "keep"):
            on_demo = own.pop(f"demo_{key}", getattr(self.training, key))
            if self.is_demo:
                own[key] = on_demo
        own = read_own(own, name, f"builder/network/{name}.py")
        own = {key: value for key, value in own.items() if key not in self.set_by_hand}
        own |= {key: value for key, value in table.items() if key in RECIPE}
        form = replace(self.network, **{key: own[key] for key in fields_of(NetworkConfig) if key in own})
        if not design.base:
            form = replace(form, base_weights=NO_BASE)
        recipe = replace(self.training, **{key: own[key] for key in fields_of(TrainingConfig) if key in own})
        if form.base_weights == NO_BASE:  # there is nothing learned that would have to be kept
            recipe = replace(recipe, frozen_epochs=0)
        layout = {key: table.get(key, setting.default) for key, setting in design.settings.items()}
        return ResolvedNetwork(name, design, form, recipe, layout)

    def with_own(self, network: str, settings: Mapping[str, Any]) -> Config:
        """The same config with more settings in the table of that network."""
        return replace(self, own={**self.own, network: {**self.own.get(network, {}), **settings}})

    def as_dict(self) -> dict[str, Any]:
        """The file as it was read, with the form, recipe and layout of each network of the site.

        [search] is left out: no site depends on it.
        """
        tables = {section: asdict(getattr(self, section)) for section in SECTIONS if section != "search"}
        tables["site"]["networks"] = list(self.site.networks)  # as JSON gives it back
        return {**tables, "networks": {name: self.network_of(name).settings for name in self.site.networks}}


SECTIONS: dict[str, type] = {
    name: kind for name, kind in get_type_hints(Config).items() if name not in ("own", "set_by_hand")
}
