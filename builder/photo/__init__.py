"""One photo, from its file to the pixels that a network sees. The page does the same in `web_template/js`."""
