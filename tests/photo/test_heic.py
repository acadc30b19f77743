"""HEIC photos, as phones save them, show the pixels that phones show."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from builder.data.sources.file_kinds import is_photo
from builder.photo.decode import PhotoProblem, read_photo

# Red on the left, green at the top right, blue below it; stored by libheif's encoder, which is in no package here. The
# last two are turned by the file's own transformation, of which their EXIF speaks too.
DRAWN = {
    "upright": """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAZhtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAA
AERAAAIAAQAAAAABvAABAAAAAAAAAWsAAgAAAAADJwABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZl
AgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA12lwcnAAAAC4aXBjbwAAAHlodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/
/wNwAAADAJAAAAMAAAMAHroCQGEAAQAsQgEBA3AAAAMAkAAAAwAAAwAeoDyBh8mW6kkprm4CGgwIAAADAMgAAAMACEBiAAEAB0QBwXKwIkAAAAAT
Y29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAeAAAAFoAAAAQcGl4aQAAAAADCAgIAAAAF2lwbWEAAAAAAAAAAQABBIECAwQAAAAaaXJlZgAA
AAAAAAAOY2RzYwACAAEAAQAAAZdtZGF0AAABZygBrwY4Wvz9N/M4H//+chvof4oYi7pzfiCz82dLbUv7bM2uuByejM1fDk1WgWYcCnic/nN/olVU
RYonLMETnmirSmwULe7GKrq+rySRsnhJL8Uc0BSjTTTMXNytLwzFbth+FbY7FtqxfXavpmM7A66KmvAjP+D+8azLqjscc4GYqTUxuI1gjmHrIxM8
Kzhz8urZQ/e7hceovERU0p3l/GqP4hQg7omMQHO9PAgzDbL/5VFQxCnJ+Fr/bLti41DJ+9S8yRr6wTIxsT7036+vG+duhYieaXh8m9VNEYhm2Saq
yBvHVaH2CO4Zj+YfL682Sad17w9/rNMOrAfdJgTvrPCjnJQh00JdIv/SpNwYWUDwrSMGHIxU2U80TtEAgg1qZwnZmu12UrG11MhtOkLpICH84vTL
0d8UV4nV8q18uCoA9YhPVVs3kbD7cfBeMpAsgs7fp30sVQnrW3HwXjKQLIReAAADAD5gAAAABkV4aWYAAE1NACoAAAAIAAEBEgADAAAAAQABAAAA
AAAA
""",
    "turned": """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAA
AERAAAIAAQAAAAABxgABAAAAAAAAAWsAAgAAAAADMQABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZl
AgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4WlwcnAAAADBaXBjbwAAAHlodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/
/wNwAAADAJAAAAMAAAMAHroCQGEAAQAsQgEBA3AAAAMAkAAAAwAAAwAeoDyBh8mW6kkprm4CGgwIAAADAMgAAAMACEBiAAEAB0QBwXKwIkAAAAAT
Y29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAeAAAAFoAAAAQcGl4aQAAAAADCAgIAAAACWlyb3QDAAAAGGlwbWEAAAAAAAAAAQABBYECAwSF
AAAAGmlyZWYAAAAAAAAADmNkc2MAAgABAAEAAAGXbWRhdAAAAWcoAa8GOFr8/TfzOB///nIb6H+KGIu6c34gs/NnS21L+2zNrrgcnozNXw5NVoFm
HAp4nP5zf6JVVEWKJyzBE55oq0psFC3uxiq6vq8kkbJ4SS/FHNAUo000zFzcrS8MxW7YfhW2OxbasX12r6ZjOwOuiprwIz/g/vGsy6o7HHOBmKk1
MbiNYI5h6yMTPCs4c/Lq2UP3u4XHqLxEVNKd5fxqj+IUIO6JjEBzvTwIMw2y/+VRUMQpyfha/2y7YuNQyfvUvMka+sEyMbE+9N+vrxvnboWInml4
fJvVTRGIZtkmqsgbx1Wh9gjuGY/mHy+vNkmnde8Pf6zTDqwH3SYE76zwo5yUIdNCXSL/0qTcGFlA8K0jBhyMVNlPNE7RAIINamcJ2ZrtdlKxtdTI
bTpC6SAh/OL0y9HfFFeJ1fKtfLgqAPWIT1VbN5Gw+3HwXjKQLILO36d9LFUJ61tx8F4ykCyEXgAAAwA+YAAAAAZFeGlmAABNTQAqAAAACAABARIA
AwAAAAEABgAAAAAAAA==
""",
    "mirrored": """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAA
AERAAAIAAQAAAAABxgABAAAAAAAAAWsAAgAAAAADMQABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZl
AgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4WlwcnAAAADBaXBjbwAAAHlodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/
/wNwAAADAJAAAAMAAAMAHroCQGEAAQAsQgEBA3AAAAMAkAAAAwAAAwAeoDyBh8mW6kkprm4CGgwIAAADAMgAAAMACEBiAAEAB0QBwXKwIkAAAAAT
Y29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAeAAAAFoAAAAQcGl4aQAAAAADCAgIAAAACWltaXIBAAAAGGlwbWEAAAAAAAAAAQABBYECAwSF
AAAAGmlyZWYAAAAAAAAADmNkc2MAAgABAAEAAAGXbWRhdAAAAWcoAa8GOFr8/TfzOB///nIb6H+KGIu6c34gs/NnS21L+2zNrrgcnozNXw5NVoFm
HAp4nP5zf6JVVEWKJyzBE55oq0psFC3uxiq6vq8kkbJ4SS/FHNAUo000zFzcrS8MxW7YfhW2OxbasX12r6ZjOwOuiprwIz/g/vGsy6o7HHOBmKk1
MbiNYI5h6yMTPCs4c/Lq2UP3u4XHqLxEVNKd5fxqj+IUIO6JjEBzvTwIMw2y/+VRUMQpyfha/2y7YuNQyfvUvMka+sEyMbE+9N+vrxvnboWInml4
fJvVTRGIZtkmqsgbx1Wh9gjuGY/mHy+vNkmnde8Pf6zTDqwH3SYE76zwo5yUIdNCXSL/0qTcGFlA8K0jBhyMVNlPNE7RAIINamcJ2ZrtdlKxtdTI
bTpC6SAh/OL0y9HfFFeJ1fKtfLgqAPWIT1VbN5Gw+3HwXjKQLILO36d9LFUJ61tx8F4ykCyEXgAAAwA+YAAAAAZFeGlmAABNTQAqAAAACAABARIA
AwAAAAEAAgAAAAAAAA==
""",
}
RED, GREEN, BLUE = (200, 60, 60), (60, 180, 60), (60, 60, 200)


def heic(name: str) -> bytes:
    return base64.b64decode(DRAWN[name])


@pytest.mark.parametrize(
    ("name", "size", "corners"),
    [
        ("upright", (90, 120), (RED, GREEN, RED, BLUE)),
        ("turned", (120, 90), (RED, RED, BLUE, GREEN)),
        ("mirrored", (90, 120), (GREEN, RED, BLUE, RED)),
    ],
)
def test_a_heic_photo_is_turned_once_as_its_file_says(
    name: str, size: tuple[int, int], corners: tuple[tuple[int, int, int], ...]
) -> None:
    pixels = read_photo(heic(name)).astype(int)
    assert pixels.shape == (*size, 3) and is_photo(heic(name))
    for (row, column), colour in zip([(5, 5), (5, -5), (-5, 5), (-5, -5)], corners, strict=True):
        assert np.abs(pixels[row, column] - colour).max() <= 3


def test_a_cut_heic_photo_is_damaged() -> None:
    for length in (40, 400, len(heic("upright")) - 50):
        with pytest.raises(PhotoProblem):
            read_photo(heic("upright")[:length])
