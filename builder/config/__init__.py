"""Every number of the build, with what it may be beside it, and the reading of `config.toml`."""
