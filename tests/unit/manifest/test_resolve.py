"""Merging trees of settings."""

from __future__ import annotations

from benchmark.manifest.resolve import leaves, merge, merge_settings, origin, plain, tree


def test_mappings_merge_and_the_rest_replaces() -> None:
    base = tree({"a": {"x": 1, "y": [1, 2]}, "b": 3, "c": {"z": 1}}, ("base",))
    over = tree({"a": {"y": [3]}, "b": {"q": 1}, "c": None}, ("over",))
    assert plain(merge(base, over)) == {"a": {"x": 1, "y": [3]}, "b": {"q": 1}, "c": None}
    assert plain(base) == {"a": {"x": 1, "y": [1, 2]}, "b": 3, "c": {"z": 1}}


def test_leaves_remember_where_they_were_written() -> None:
    merged = merge(tree({"a": {"x": 1, "y": 2}}, ("base",)), tree({"a": {"y": 3}}, ("over", 0)))
    assert origin(merged, ("a", "x")) == ("base", "a", "x")
    assert origin(merged, ("a", "y")) == ("over", 0, "a", "y")
    assert origin(merged, ("a", "y", 2)) == ("over", 0, "a", "y", 2)
    assert origin(merged, ("b",)) is None
    assert origin(merged, ("a",)) == ("base", "a")
    assert [leaf.value for leaf in leaves(merged)] == [1, 3]


def test_only_a_new_name_replaces_an_entry() -> None:
    base = tree({"encoders": {"x": {"name": "mlp", "width": 3}, "y": {"width": 1}}}, ())
    same = tree({"encoders": {"x": {"name": "mlp", "hidden": [1]}, "z": {"name": "mlp"}}}, ())
    other = tree({"encoders": {"x": {"name": "patch"}, "y": {"name": "patch"}}}, ())
    assert plain(merge_settings([base, same])) == {
        "encoders": {
            "x": {"name": "mlp", "width": 3, "hidden": [1]},
            "y": {"width": 1},
            "z": {"name": "mlp"},
        }
    }
    assert plain(merge_settings([base, other])) == {
        "encoders": {"x": {"name": "patch"}, "y": {"width": 1, "name": "patch"}}
    }


def test_names_elsewhere_replace_nothing() -> None:
    base = tree({"training": {"optimizer": {"name": "adam", "lr": 1.0}}}, ())
    over = tree({"training": {"optimizer": {"name": "sgd"}}}, ())
    merged = plain(merge_settings([base, over]))
    assert merged == {"training": {"optimizer": {"name": "sgd", "lr": 1.0}}}
