"""The rendered site (pages, plots, languages, service worker) and the commands that use it."""
