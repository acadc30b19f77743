"""McNemar's test of whether two networks are right equally often, by photo and by lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, chi2

from builder.evaluate.bootstrap import Flags


def mcnemar(first_right: Flags, second_right: Flags, lesion_of_photo: NDArray[np.int64]) -> dict[str, Any]:
    """Both tests of the same answers, each argument (photos,): photos that only one network has right, and p-values.

    Use `p_over_lesions`; `p` is the plain test, which counts photos as independent.
    """
    return {
        "only_first_right": int((first_right & ~second_right).sum()),
        "only_second_right": int((second_right & ~first_right).sum()),
        "p": p_over_photos(first_right, second_right),
        "p_over_lesions": p_over_lesions(first_right, second_right, lesion_of_photo),
    }


def p_over_photos(first_right: Flags, second_right: Flags) -> float | None:
    """McNemar's exact test (McNemar, Psychometrika 12:153, 1947); None if no photo is right in only one network.

    Under the null hypothesis, half of the photos that only one network has right are the first network's.
    """
    alone = [int((one & ~other).sum()) for one, other in ((first_right, second_right), (second_right, first_right))]
    return float(binomtest(alone[0], sum(alone)).pvalue) if sum(alone) else None


def p_over_lesions(first_right: Flags, second_right: Flags, lesion_of_photo: NDArray[np.int64]) -> float | None:
    """McNemar's test with lesions as clusters (Obuchowski, Statistics in Medicine 17:1495, 1998).

    Her statistic, (p1 - p2)^2 / (var p1 + var p2 - 2 cov) with the pooled share under the null hypothesis in each term,
    equals (sum of d)^2 / (K / (K - 1) * sum of d^2). Here d is how many more photos of a lesion the second network has
    right, and K is the number of lesions. None if no lesion has a difference.
    """
    lesions = int(lesion_of_photo.max()) + 1
    more_right = np.bincount(lesion_of_photo, second_right.astype(float) - first_right, lesions)
    squares = float((more_right**2).sum())
    if squares == 0 or lesions < 2:
        return None
    statistic = more_right.sum() ** 2 / (lesions / (lesions - 1) * squares)
    return float(chi2.sf(statistic, 1))
