"""The supported forms of data, one file each, and the download of HAM10000."""
