"""The forms of data that people have, one file each, and the download of HAM10000."""
