"""Merging trees of settings."""

from __future__ import annotations

from benchmark.manifest.resolve import (
    leaves,
    merge,
    merge_settings,
    origin,
    plain,
    settings_tree,
    tree,
)
from benchmark.manifest.schema import Manifest


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


def test_an_overlay_s_row_on_a_dataset_lies_above_the_row_and_below_the_next_overlay() -> None:
    row = {
        "training": {"epochs": 1, "batch_size": 1, "clip_norm": 1},
        "by_dataset": {"toy": {"training": {"epochs": 2, "batch_size": 2}}},
    }
    manifest = Manifest.model_validate(
        {
            "schema_version": 1,
            "id": "suite/t",
            "title": "T",
            "datasets": {"toy": {"loader": "planted"}, "other": {"loader": "planted"}},
            "columns": ({"dataset": "toy", "task": "label", "metrics": ("acc",)},),
            "rows": (
                {
                    "key": "early",
                    "label": "E",
                    "model": "early_fusion",
                    "by_dataset": {"toy": {"training": {"epochs": 0, "seed": 0}}},
                },
            ),
            "variants": {"released": {"rows": {"early": row}}},
            "profiles": {"full": {"rows": {"early": {"training": {"epochs": 3}}}}},
        }
    )
    trees = {
        name: settings_tree(manifest, manifest.rows[0], name, "released", "full")
        for name in ("toy", "other")
    }
    assert plain(trees["toy"])["training"] == {
        "epochs": 3,
        "seed": 0,
        "batch_size": 2,
        "clip_norm": 1,
    }
    assert plain(trees["other"])["training"] == {"epochs": 3, "batch_size": 1, "clip_norm": 1}
    assert origin(trees["toy"], ("training", "batch_size")) == (
        *("variants", "released", "rows", "early", "by_dataset", "toy"),
        *("training", "batch_size"),
    )
    assert all("by_dataset" not in one for one in trees.values())
