"""One photo, from its file to the network's input. The page does the same in `web_template/js/photo/`."""
