"""The list of stages: the entry of each, and the dependencies that its imports do not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.files.code import code_key

# Of what an earlier stage has left, the files that a stage reads, by the name of the input; where nothing is said, all
# of them. A change in any other, such as in what only the report tells, does not run it again.
LABELLED_PIXELS = ("pixels.npy", "photos.csv")
LABELLED = {"photos": LABELLED_PIXELS, "split": ("parts.npy",)}
OF_NETWORKS: dict[str, tuple[str, ...]] = {"trained": (), "calibrated": (), "ood": (), "evaluated": (), "exported": ()}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. name: its folder in `work/`. entry: the function that runs it, as "module:function".

    files: files and folders that are not Python and decide the result. libraries: dependencies that no import shows.
    """

    name: str
    entry: str
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_tensorflow: bool = False
    files: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    def code_key(self, network: str = "") -> str:
        """A hash of the code that decides the result; network: the one whose file is part of it."""
        return code_key(self.modules(network), self.files, self.libraries)

    def modules(self, network: str = "") -> list[str]:
        """The modules whose imports, direct and indirect, count."""
        return [self.entry.partition(":")[0], *([f"builder.network.{network}"] if network else [])]


DRAW = Stage("data", "builder.data.demo.stage:draw_photos")
GATHER = Stage("data", "builder.data.gather:gather_photos")
KEPT_TABLES = {"photos": ("photos.csv", "details.csv", "about.json", "names.json")}
DRAW_AT_WIDTH = Stage("data", "builder.data.demo.stage:draw_at_width", KEPT_TABLES)
GATHER_AT_WIDTH = Stage("data", "builder.data.gather:gather_at_width", KEPT_TABLES)
SPLIT = Stage("split", "builder.split:split_photos", {"photos": ("photos.csv", "about.json")})
AUGMENT = Stage("augment", "builder.train.augmented_copies:augment_training", LABELLED)
TRAIN = Stage("train", "builder.train.stage:train_network", LABELLED, needs_tensorflow=True)
CALIBRATE = Stage("calibrate", "builder.predict.calibrate:calibrate_network", LABELLED, needs_tensorflow=True)
OOD = Stage(
    "ood",
    "builder.evaluate.ood:fit_ood_detector",
    {**LABELLED, "photos": (*LABELLED_PIXELS, "details.csv")},
    needs_tensorflow=True,
)
EVALUATE = Stage(
    "evaluate",
    "builder.evaluate.stage:evaluate_network",
    {"photos": (*LABELLED_PIXELS, "details.csv", "about.json")},
    needs_tensorflow=True,
)
EXPORT = Stage(
    "export",
    "builder.export.stage:export_network",
    {**LABELLED, "evaluated": ("limits.json",)},
    needs_tensorflow=True,
    files=("builder/export/card.schema.json",),
    libraries=("tensorflowjs",),  # which is stepped into past its own imports
)
UNPACK = Stage("release", "builder.release.read:unpack_release", files=("builder/export/card.schema.json",))
RENDER = Stage(
    "render",
    "builder.site.render:render_site",
    {"trained": (), "calibrated": ()},
    files=(
        "builder/evaluate/report.schema.json",
        "builder/site/leaderboard.schema.json",
        "web_template",
        "package-lock.json",
    ),
)

SPLIT_LEAKING = Stage("leakage-split", "builder.studies.leakage:split_leaking", LABELLED)
TRAIN_LEAKING = Stage("leakage-train", TRAIN.entry, LABELLED, needs_tensorflow=True)
LEAKAGE = Stage("leakage", "builder.studies.leakage:measure_leakage", LABELLED, needs_tensorflow=True)
FOLDS = Stage(
    "folds",
    "builder.studies.folds:measure_folds",
    {"photos": ("photos.csv",), "evaluated": ("figures.json", "predictions.csv")},
)
SPLIT_FOR_SEARCH = Stage("search-split", "builder.studies.search.fold:split_fold", LABELLED)
SEARCH = Stage("search", "builder.studies.search.fold:try_settings", LABELLED, needs_tensorflow=True)
TIMES = Stage(
    "times",
    "builder.studies.leaderboard.times:time_in_browser",
    files=("builder/studies/leaderboard/times.js", "web_template/js", "package-lock.json"),
)
BOARD = Stage(
    "board",
    "builder.studies.leaderboard.board:make_board",
    {**OF_NETWORKS, "evaluated": ("figures.json", "predictions.csv"), "exported": ("export.json",)},
    files=("builder/site/leaderboard.schema.json",),
)
