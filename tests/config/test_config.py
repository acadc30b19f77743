"""The config file: complete, checked, and overridable number by number."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from builder.config.read import read_config
from builder.errors import BuildError
from builder.network import design_of
from builder.photo.size import WIDTH_PX

CONFIG = Path(__file__).parents[2] / "config.toml"


def test_the_recipe_is_the_origins() -> None:
    config = read_config(CONFIG, source="some-folder")
    training = config.training
    assert (training.epochs, training.batch_photos, training.learning_rate, training.decay) == (20, 10, 1e-4, 1e-6)
    assert (config.split.test_share, config.split.validation_share, config.split.seed) == (0.4, 0.4, 101)
    assert (config.augment.mirror_share, config.augment.zoom_keep_share) == (0.5, 0.67)


def test_demo_data_trains_for_fewer_epochs_than_the_origin() -> None:
    config = read_config(CONFIG)
    assert config.is_demo
    assert config.training.epochs == config.demo.epochs < 20
    assert (config.training.keep, read_config(CONFIG, source="folder").training.keep) == ("best", "last")


def test_epochs_set_by_hand_hold_on_demo_data_too() -> None:
    assert read_config(CONFIG, settings=["training.epochs=3"]).training.epochs == 3


def test_a_whole_number_may_stand_for_a_fraction() -> None:
    assert read_config(CONFIG, settings=["augment.mirror_share=1"]).augment.mirror_share == 1.0


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("training.epoch=5", "unknown key 'epoch'"),
        ("trainig.epochs=5", "unknown table"),
        ("training.epochs=many", "training.epochs is 'many'"),
        ("training.epochs=0", "training.epochs is 0"),
        ("training.epochs=true", "training.epochs is True"),
        ("training.learning_rate=nan", "training.learning_rate is nan"),
        ("split.rule=by photo", "split.rule is 'by photo'"),
        ("split.folds=1", "split.folds is 1"),
        ("export.weights=int4", "export.weights is 'int4'"),
        ("cnn.convolutions=0", "cnn.convolutions is 0"),
        ("cnn.activation=step", "cnn.activation is 'step'"),
        ("compact.convolutions=2", "unknown key 'convolutions'"),
        ("search.network=none", "there is no network 'none'"),
        ("search.method=guess", "search.method is 'guess'"),
        ("search.space.epochs=[]", "search.space.epochs is []"),
        ("search.space.epochs=5", "search.space.epochs is 5"),
        ("search.space.epochs=[5, 5]", "search.space.epochs is [5, 5]"),
        ("search.space.epochs=['many']", "training.epochs is 'many'"),
        ("search.space.dropout=[2]", "cnn.dropout is 2"),
        ("search.space.width_px=[100, 200]", "[search.space]: unknown key 'width_px'"),
        ("search.space.depth=[2]", "[search.space]: unknown key 'depth'"),
        ("search.space=3", "'space' is not a table"),
        ("epochs=5", "not of the form"),
        ("training.epochs", "not of the form"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(setting: str, problem: str) -> None:
    with pytest.raises(BuildError) as caught:
        read_config(CONFIG, settings=[setting])
    assert problem in caught.value.problem
    assert caught.value.remedy


def test_a_missing_key_names_all_that_are_needed(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.read_text(encoding="utf-8").replace("batch_photos = 10", ""), encoding="utf-8")
    with pytest.raises(BuildError, match="'batch_photos' is missing") as caught:
        read_config(file)
    assert "epochs, keep, augmentation, batch_photos, optimizer, learning_rate" in caught.value.remedy


@pytest.mark.parametrize("content", ["[training", "\xff", "data = 3"])
def test_a_file_that_is_no_config_is_a_problem_to_mend(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(BuildError):
        read_config(file)


def test_a_missing_file_is_a_problem_to_mend(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="there is no file"):
        read_config(tmp_path / "none.toml")


def test_a_network_may_see_more_of_a_photo() -> None:
    assert read_config(CONFIG).network_of("compact").form.width_px == WIDTH_PX
    assert read_config(CONFIG, settings=["network.width_px=160"]).network_of("cnn").form.width_px == 160
    config = read_config(CONFIG, settings=["compact.width_px=160"])
    assert (config.network_of("compact").form.width_px, config.network_of("cnn").form.width_px) == (160, 100)
    assert config.as_dict()["networks"]["compact"]["width_px"] == 160
    for width in (96, 150.5, 162):
        with pytest.raises(BuildError, match=str(width)):
            read_config(CONFIG, settings=[f"network.width_px={width}"])


def test_a_wrong_recipe_in_a_networks_own_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    design = design_of("compact")
    for recipe, problem in (({"epoch": 5}, "unknown key 'epoch'"), ({"mix_up": -1.0}, "training.mix_up is -1.0")):
        wrong = replace(design, recipe=recipe)
        monkeypatch.setattr(
            "builder.config.config.design_of", lambda name, wrong=wrong: wrong if name == "compact" else design_of(name)
        )
        with pytest.raises(BuildError, match=re.escape(problem)):
            read_config(CONFIG)
