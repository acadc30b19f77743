"""All settings of the build with their allowed values, and the reading of `config.toml`."""
