"""The names of the files in a released network's folder; figures and model are named as in the stages' results."""

CONFIG = "config.toml"
PROVENANCE = "provenance.json"
PHOTOS = "photos.csv.gz"
LICENCE = "LICENSE"
CITATION = "CITATION.md"
