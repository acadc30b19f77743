"""Reads `config.toml` and applies the command line's changes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.config.checks import checked, keys_of, refuse_unknown, shown
from builder.config.config import SECTIONS, Config
from builder.config.networks import OWN, checked_own, fields_of, read_own
from builder.config.studies import SearchConfig
from builder.config.training import NetworkConfig, TrainingConfig
from builder.errors import BuildError
from builder.files.regular import read_text
from builder.network import design_of, network_names
from builder.wording import meant

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 1_000_000  # of a config file


def read_config(file: Path, *, source: str | None = None, settings: list[str] | None = None) -> Config:
    """Read `file`, then apply `--data` and `--set section.key=value`.

    On demo data `demo.epochs` and `demo.keep` replace those of [training], unless the user set those by hand.
    """
    tables = _read_toml(file)
    changed = [_apply_setting(tables, setting) for setting in settings or []]
    if source is not None:
        _table(tables, "data", str(file))["source"] = source
    sections = {
        name: _read_section(_table(tables, name, str(file)), name, kind, str(file))
        for name, kind in SECTIONS.items()
        if name != "search"
    }
    sections["search"] = _read_search(_table(tables, "search", str(file)), str(file))
    own = {
        name: read_own(_table(tables, name, str(file)), name, str(file)) for name in network_names() if name in tables
    }
    known = (*SECTIONS, *network_names())
    if unknown := sorted(set(tables) - set(known)):
        raise BuildError(
            f"{file}: unknown table {shown(unknown[0])}",
            remedy=f"{meant(unknown[0], known)}It may hold: {', '.join(known)}",
        )
    by_hand = frozenset(key for section, _, key in (name.partition(".") for name in changed) if section in OWN)
    if sections["data"].source == "demo":
        for_demo = {key: getattr(sections["demo"], key) for key in ("epochs", "keep") if key not in by_hand}
        sections["training"] = replace(sections["training"], **for_demo)
    config = Config(**sections, own=own, set_by_hand=by_hand)
    if len(set(config.site.networks)) < len(config.site.networks) or not config.site.networks:
        raise BuildError(
            f"site.networks is {shown(list(config.site.networks))}", remedy="name at least one network, each once"
        )
    if config.folds.measure and config.split.rule != "k-fold":
        raise BuildError(
            f"folds.measure is true, and split.rule is '{config.split.rule}'",
            remedy="set split.rule to 'k-fold', or name the number of folds with --folds",
        )
    if config.is_demo and config.data.test_source:
        raise BuildError(
            "drawn photos have no other test part", remedy="leave --test-data out, or name data with --data"
        )
    address = config.site.address
    if address and not (address.startswith(("https://", "http://")) and address.isprintable() and " " not in address):
        raise BuildError(f"site.address is {shown(address)}", remedy="it must begin with https://, or be empty")
    for network in config.site.networks:
        _refuse_crooked(config.network_of(network).form, network)  # raises too where there is no such network
    return config


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file, MOST_BYTES))
    except FileNotFoundError:
        raise BuildError(f"there is no file {file}", remedy="name a TOML file with --config") from None
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}", remedy="name a TOML file with --config") from None
    except UnicodeDecodeError as error:
        raise BuildError(f"{file} cannot be read: {error}", remedy="name a TOML file with --config") from None
    except RecursionError:
        raise BuildError(f"{file} is nested too deeply", remedy="name a TOML file with --config") from None
    except ValueError as error:  # of TOML, or of a number that is too long
        raise BuildError(f"{file} is not valid TOML: {error}", remedy="mend that line") from None


def _apply_setting(tables: dict[str, Any], setting: str) -> str:
    (*path, key), value = parse_setting(setting)
    table = tables
    for part in path:
        table = _table(table, part, "--set")
    table[key] = value
    return ".".join((*path, key))


def parse_setting(setting: str) -> tuple[tuple[str, ...], Any]:
    """The path of tables and key that `--set` names, and the value."""
    name, equals, text = setting.partition("=")
    section, dot, key = name.strip().rpartition(".")
    if not (equals and dot):
        raise BuildError(
            f"--set {shown(setting)}: not of the form section.key=value", remedy="for example --set training.epochs=5"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()  # a bare word is a string
    if isinstance(value, str):
        value = value.strip()
    return (*section.split("."), key), value


def _table(tables: dict[str, Any], section: str, where: str) -> dict[str, Any]:
    table = tables.setdefault(section, {})
    if not isinstance(table, dict):
        raise BuildError(f"{where}: {shown(section)} is not a table", remedy="write it as a table, as [training]")
    return table


def _read_section(table: dict[str, Any], section: str, kind: type, where: str) -> Any:
    return kind(**_read_values(table, section, fields_of(kind), where))


def _read_values(table: dict[str, Any], section: str, hints: dict[str, Any], where: str) -> dict[str, Any]:
    refuse_unknown(table, section, hints, where)
    if missing := [key for key in hints if key not in table]:
        raise BuildError(f"{where} [{section}]: the key '{missing[0]}' is missing", remedy=keys_of(hints))
    return {key: checked(f"{section}.{key}", table[key], hint) for key, hint in hints.items()}


def _read_search(table: dict[str, Any], where: str) -> SearchConfig:
    """Read [search]; [search.space] lists the values to try for each setting of the network."""
    space = _table(table, "space", where)
    hints = {key: hint for key, hint in fields_of(SearchConfig).items() if key != "space"}
    rules = _read_values({key: table[key] for key in table if key != "space"}, "search", hints, where)
    network = rules["network"]
    searched = {
        **fields_of(TrainingConfig),
        **design_of(network).settings,
    }  # not [network]: the photos depend on it
    refuse_unknown(space, "search.space", searched, where)
    if not space:
        raise BuildError(f"{where} [search.space] is empty", remedy="name a setting with a list, as epochs = [10, 20]")
    return SearchConfig(**rules, space={key: _values(network, key, values) for key, values in space.items()})


def _values(network: str, key: str, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list) or not values:
        raise BuildError(
            f"search.space.{key} is {shown(values)}", remedy=f"it must be a list of values, as {key} = [1, 2]"
        )
    each = tuple(checked_own(network, key, value) for value in values)
    if len(set(each)) < len(each):
        raise BuildError(f"search.space.{key} is {shown(values)}", remedy="name each value once")
    return each


def _refuse_crooked(form: NetworkConfig, network: str) -> None:
    if form.width_px % 4:
        raise BuildError(
            f"the network '{network}' is to see {form.width_px} pixels across",
            remedy="set network.width_px to a multiple of four, so that the height, three quarters, is a whole number",
        )
