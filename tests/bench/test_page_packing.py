"""The page's numbers in less room."""

from mec_bench.report.packed import packed


def test_what_is_made_short_for_the_page_is_the_same_in_full_again():
    profiles = ([0.0, 0.0, 0.25, 1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.5], None)
    shorts = [{"from": 2, "shares": [0.25, 1.0]}, {"from": 0, "shares": [1.0]}]
    found = {
        "boards": [
            {
                "rows": [{"profile": profile} for profile in profiles],
                "map": {"certified": {"decision": [0, 35]}, "methods": [{"decision": [36, 1]}]},
            }
        ]
    }
    board = packed(found)["boards"][0]
    assert [row["profile"] for row in board["rows"]][:2] == shorts
    for row, whole in zip(board["rows"], profiles):
        if whole is not None:
            start, shares = row["profile"]["from"], row["profile"]["shares"]
            again = [0.0] * start + shares
            assert again + [again[-1]] * (len(whole) - len(again)) == whole
    assert board["map"]["certified"]["decision"] == "0z"
    assert board["map"]["methods"][0]["decision"] == [36, 1]
