"""The page's numbers in less room."""

from mec_bench.report.packed import packed


def test_what_is_made_short_for_the_page_is_the_same_in_full_again():
    profiles = ([0.0, 0.0, 0.25, 1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.5], None)
    shorts = [{"from": 2, "shares": [0.25, 1.0]}, {"from": 0, "shares": [1.0]}]
    found = {
        "boards": [
            {
                "rows": [
                    {"profile": profile, "settings": {"a": k % 2}, "notes": ["", "x" * k]}
                    for k, profile in enumerate(profiles)
                ],
                "map": {"certified": {"decision": [0, 35]}, "methods": [{"decision": [36, 1]}]},
            }
        ]
    }
    short = packed(found)
    rows, map_ = short["boards"][0]["rows"], short["boards"][0]["map"]
    assert rows["profile"][:2] == shorts
    for row, whole in zip(rows["profile"], profiles):
        if whole is not None:
            again = [0.0] * row["from"] + row["shares"]
            assert again + [again[-1]] * (len(whole) - len(again)) == whole
    assert short["settings"] == [{"a": 0}, {"a": 1}] and rows["settings"] == [0, 1, 0, 1, 0]
    assert rows["notes"][0] == [] and rows["notes"][2] == [[1, "xx"]]
    assert map_["certified"]["decision"] == "0z"
    assert map_["methods"][0]["decision"] == [36, 1]


def test_a_board_without_rows_is_packed_too():
    assert packed({"boards": [{"rows": [], "map": None}]})["boards"] == [{"rows": {}, "map": None}]
