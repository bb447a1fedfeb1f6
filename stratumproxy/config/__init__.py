"""Configuration models, and loading them from TOML."""
