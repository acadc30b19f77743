"""Where the report's drawings put their ticks, lines and shades; the templates turn it into SVG."""
