"""Every pair of columns that can be nonzero has a place of its own in the store, and one place only."""

from __future__ import annotations

import numpy as np

from mmtriage.engine.algebra.fronts import Stack
from mmtriage.engine.algebra.store import Store

# Of columns 0 to 6, a front takes {0, 1} with the border {4, 6}; two take {2} and {3}, with {4} and {5};
# the root is {4, 5, 6}.
STACKS = [
    Stack(np.array([[0, 1]]), np.array([[4, 6]])),
    Stack(np.array([[2], [3]]), np.array([[4], [5]])),
]
STORE = Store.of(STACKS, q=7, root_start=4)


def test_panels_follow_each_other_and_then_the_root() -> None:
    assert STORE.panels == (0, 8)  # (2 + 2) rows of 2 columns
    assert STORE.root_position == 8 + 2 * 2
    assert (STORE.trash, STORE.size) == (12 + 9, 22)


def test_a_cluster_and_the_root_keep_both_orders_of_a_pair() -> None:
    assert STORE.positions(np.array([0, 1]), np.array([1, 0])).tolist() == [1, 2]
    assert STORE.positions(np.array([4, 6]), np.array([6, 4])).tolist() == [12 + 2, 12 + 6]


def test_the_front_that_eliminates_the_earlier_column_keeps_a_pair_with_its_border() -> None:
    both = STORE.positions(np.array([4, 1]), np.array([1, 4]))
    assert both.tolist() == [2 * 2 + 1] * 2
    assert STORE.positions(np.array([5]), np.array([3])).tolist() == [8 + 2 + 1]


def test_padding_points_at_the_trash() -> None:
    assert STORE.positions(np.array([7, 2]), np.array([2, 7])).tolist() == [STORE.trash] * 2


def test_no_two_pairs_share_a_place() -> None:
    pairs = [(0, 0), (1, 0), (0, 1), (1, 1), (4, 0), (6, 0), (4, 1), (6, 1), (2, 2), (4, 2), (3, 3), (5, 3)]
    pairs += [(row, column) for row in (4, 5, 6) for column in (4, 5, 6)]
    rows, columns = np.array(pairs).T
    places = STORE.positions(rows, columns)
    assert sorted(places.tolist()) == list(range(STORE.trash))
