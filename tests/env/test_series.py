"""Files of irradiance and of requests become numbers slot by slot."""

import math
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mec_env.scenario.series import Requests, Series, read_irradiance, read_requests


@pytest.fixture
def file(tmp_path):
    """Write a file's text; its path."""

    def write(text, name="series.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# A quarter of an hour between samples; the night reads below zero.
SUN = """time,GHI
2018-10-14T06:00,-7.5
2018-10-14T06:15,100
2018-10-14T06:30,300
2018-10-14T06:45,200
2018-10-14T07:00,0
"""


def test_means_of_slots_by_hand(file):
    series = read_irradiance(file(SUN))
    assert series.first == datetime(2018, 10, 14, 6)
    assert series.times.tolist() == [0, 900, 1800, 2700, 3600]
    assert series.values.tolist() == [0, 100, 300, 200, 0]
    # Trapezoids: (0 + 100) / 2, (100 + 300) / 2, (300 + 200) / 2, (200 + 0) / 2.
    np.testing.assert_allclose(series.per_slot(4, 900), [50, 200, 250, 100])
    # From 6:07:30 (50) past 6:15 (100) to 6:22:30 (200): (75 + 150) / 2.
    np.testing.assert_allclose(series.per_slot(1, 900, start=450), [112.5])
    # A slot within one line, at 6:18:00 to 6:21:00: from 140 to 180.
    np.testing.assert_allclose(series.per_slot(1, 180, start="06:18"), [160])
    # The last sample stands for a quarter of an hour.
    np.testing.assert_allclose(series.per_slot(5, 900)[-1], 0, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        SUN.replace(",", ";").replace("-7.5", "-7,5"),
        "\ufeff" + SUN.replace("\n", "\r\n"),
        "# station 7\n" + SUN,
        SUN.encode("utf-16"),
        SUN.replace("GHI", "Global PSP [W/m^2]"),
        SUN.replace(",GHI", ',"GHI",Temperature').replace("\n2", ",3\n2"),
        SUN.replace("time", "Date").replace("T", " "),
        SUN.replace("time", "date,time").replace("T", ","),
        SUN.replace("time", "DATE (MM/DD/YYYY),MST").replace("2018-10-14T", "10/14/2018,"),
        SUN.replace("time", "Date (DD-MM-YYYY),hh:mm").replace("2018-10-14T", "14-10-2018,"),
        SUN.replace("time", "date,time").replace("2018-10-14T0", "2018/10/14,"),
        SUN + "2018-10-14T06:50,\n2018-10-14T06:55,NaN\n2018-10-14T06:57,-9999\n",
        SUN + "2018-10-14T06:15,100\n",
        "\n".join([SUN.splitlines()[0], *reversed(SUN.splitlines()[1:])]),
    ],
)
def test_files_as_people_have_them(file, text):
    series, plain = read_irradiance(file(text)), read_irradiance(file(SUN, "plain.csv"))
    assert np.array_equal(series.times, plain.times)
    assert np.array_equal(series.values, plain.values)
    assert series.first == plain.first


def test_times_may_be_seconds_of_day_or_have_a_zone(file):
    assert read_irradiance(file("t,ghi\n60,1\n120,3\n")).times.tolist() == [0, 60]
    of_day = read_irradiance(file("time,ghi\n6:00,1\n6:30,3\n"))
    assert of_day.first == datetime(1970, 1, 1, 6)
    np.testing.assert_allclose(of_day.per_slot(1, 900, start="06:15"), [2.5])
    zoned = read_irradiance(file("time,ghi\n2018-10-14T06:00Z,1\n2018-10-14T08:30+02:00,3\n"))
    assert (zoned.first, zoned.times.tolist()) == (datetime(2018, 10, 14, 6, tzinfo=UTC), [0, 1800])
    with pytest.raises(
        ValueError, match=r"start = '06:15': has no zone, the file's times have one"
    ):
        zoned.per_slot(1, 900, start="06:15")
    with pytest.raises(ValueError, match=r"start = '2018-10-14T06:15Z': has a zone, .* have none"):
        of_day.per_slot(1, 900, start="2018-10-14T06:15Z")


def test_columns_may_be_named(file):
    text = "Tag,Uhr,dni,ghi [w/m2]\n2018-10-14,06:00,5,1\n2018-10-14,06:30,7,3\n"
    series = read_irradiance(file(text), "DNI", time="uhr", date="tag")
    assert series.values.tolist() == [5, 7] and series.first == datetime(2018, 10, 14, 6)
    assert read_irradiance(file(text), time="uhr", date="tag").values.tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"no column 'jahr' among tag, .*; name it with date="):
        read_irradiance(file(text), date="Jahr")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", r"series.csv: no column 'irradiance' among no columns; name it with column="),
        ("time,ghi\n", r"series.csv: has 0 samples, at least two are needed"),
        ("time,ghi\n6:00,1\n6:01,\n", r"series.csv: has 1 samples, at least two"),
        ("time,ghi\n6:00,1\n6:00,1\n", r"series.csv: has samples of one time, at least two"),
        ("time,wind\n6:00,1\n", r"no column 'irradiance' among time, wind; name it with column="),
        ("when,ghi\n6:00,1\n", r"no column 'timestamp' among when, ghi; name it with time="),
        (
            "time,up [w/m^2],down [w/m^2]\n6:00,1,2\n",
            r"column = None: up \[w/m\^2\], down \[w/m\^2\] are all irradiance, name the one",
        ),
        ("time,ghi\n6:00,high\n", r"line 2: ghi = 'high': must be a number from -50 to 2000 W/m"),
        ("time,ghi\n6:00,1\n6:01,2001\n", r"line 3: ghi = '2001': must be a number from -50 to 20"),
        ("time,ghi\n6:00,-51\n", r"line 2: ghi = '-51': must be"),
        ("time,ghi\n6:00,inf\n", r"line 2: ghi = 'inf': must be"),
        ("time,ghi\ndawn,1\n", r"line 2: time = 'dawn': must be seconds or a time such as"),
        ("time,ghi\n6:00,1\n6:60,1\n", r"line 3: time = '6:60': must be"),
        (
            "time,ghi\n6:00,1\n2018-10-14T06:01,1\n",
            r"line 3: .* is a time without a zone, line 2 has a time of day",
        ),
        (
            "date,mst,ghi\n14/10/2018,6:00,1\n",
            r"line 2: time = '14/10/2018 6:00': must be a date such as 2018-10-14, or its header",
        ),
        ("date,mst,ghi\n10/14/2018,6:00,1\n", r"or its header must say MM/DD/YYYY or DD/MM/YYYY"),
        ("date (dd/mm/yyyy),mst,ghi\n10/14/2018,6:00,1\n", r"line 2: time = '10/14/2018 6:00'"),
        ("date,mst,ghi\nSunday,6:00,1\n", r"line 2: time = 'Sunday 6:00': must be a date such as"),
        (
            "time,ghi\n6:00,1\n6:01,2\n6:00,3\n",
            r"line 4: 3 W/m\^2 at the time at which line 2 has 1; a time must have one value",
        ),
        (b"time,ghi\n6:00,\x81\n", r"series.csv: is no CSV file in UTF-8"),
        ("time,ghi\n6:00,1,2\n", r"line 2: 3 cells under 2 columns"),
    ],
)
def test_bad_files_of_irradiance_are_refused(file, text, words):
    with pytest.raises(ValueError, match=words):
        read_irradiance(file(text))


def test_the_limits_of_irradiance_belong_to_it(file):
    series = read_irradiance(file("t,ghi\n0,-50\n1,2000\n2,-999\n3,7\n"))
    assert (series.times.tolist(), series.values.tolist()) == ([0, 1, 3], [0, 2000, 7])
    assert Series(series.times, series.values).first == 0.0


GAP = "t,ghi\n0,100\n3600,200\n7201,300\n9000,300\n"


def test_an_hour_between_samples_is_a_line_and_more_is_refused(file):
    series = read_irradiance(file(GAP))
    np.testing.assert_allclose(series.per_slot(2, 1800), [125, 175])
    np.testing.assert_allclose(series.per_slot(1, 1700, start=7201), [300])
    words = r"series.csv: has no sample between 3600 s and 7201 s, at most 3600 s may lie between"
    for start in (1801, 7200):
        with pytest.raises(ValueError, match=words):
            series.per_slot(1, 1800, start=start)


@pytest.mark.parametrize(
    "asked, words",
    [
        (
            dict(slots=6),
            r"series.csv: lasts from 2018-10-14T06:00:00 to \S+T07:15:00, must cover all 6 slots .*07:30:00; repeat=True",
        ),
        (dict(start="05:59"), r"must cover all 2 slots from 2018-10-14T05:59:00"),
        (dict(repeat=True), r"series.csv: lasts 3600 s, must cover whole days up to 3600 s"),
        (dict(start=-1), r"start = -1: must be a finite number of 0 or more seconds, or a time"),
        (dict(start="dawn"), r"start = 'dawn': must be seconds since the file's first or a time"),
        (dict(slots=0), r"slots = 0: must be an integer of at least 1"),
        (dict(slot_seconds=math.inf), r"slot_seconds = inf: must be a finite number above 0 s"),
    ],
)
def test_slots_that_make_no_sense_are_refused(file, asked, words):
    series = read_irradiance(file(SUN))
    with pytest.raises(ValueError, match=words):
        series.per_slot(**{"slots": 2, "slot_seconds": 900, **asked})


def test_days_come_again_on_request(file):
    # Every hour, the hour's number; between 23:00 and midnight from 23 to 0.
    hours = "".join(f"2020-01-01T{h:02}:00,{h}\n" for h in range(24))
    series = read_irradiance(file("time,ghi\n" + hours))
    day = [h + 0.5 for h in range(23)] + [11.5]
    np.testing.assert_allclose(series.per_slot(48, 3600, repeat=True), day * 2)
    np.testing.assert_allclose(
        series.per_slot(24, 3600, start=90_000, repeat=True), day[1:] + day[:1]
    )
    np.testing.assert_allclose(
        series.per_slot(2, 3600, start="2019-12-31T23:00", repeat=True), [11.5, 0.5]
    )
    # Midnight given twice: the first day's begins the next.
    longer = read_irradiance(file("time,ghi\n" + hours + "2020-01-02T00:00,50\n"))
    np.testing.assert_allclose(longer.per_slot(48, 3600, repeat=True), day * 2)
    # Without repeating the day ends an hour after its last sample.
    assert series.per_slot(24, 3600)[-1] == pytest.approx(23)
    with pytest.raises(ValueError, match=r"must cover all 25 slots"):
        series.per_slot(25, 3600)


SAMPLES = st.lists(
    st.tuples(st.integers(1, 3600), st.floats(0, 1500)), min_size=2, max_size=12
).map(np.array)


@given(SAMPLES, st.integers(1, 30), st.floats(0, 1), st.floats(0.01, 1))
def test_slots_share_out_what_one_long_slot_has(samples, slots, begin, share):
    times = np.cumsum(samples[:, 0]) - samples[0, 0]
    series = Series(times, samples[:, 1].copy())
    start = 0.5 * begin * times[-1]
    step = 0.5 * share * times[-1] / slots
    means = series.per_slot(slots, step, start=start)
    whole = series.per_slot(1, step * slots, start=start)
    assert means.mean() == pytest.approx(whole[0], rel=1e-6, abs=1e-3)
    assert (means >= 0).all() and (means <= series.values.max() + 1e-3).all()
    # The same by a fine sum.
    moments = start + step * slots * (np.arange(4000) + 0.5) / 4000
    fine = np.interp(moments, series.times, series.values).mean()
    assert whole[0] == pytest.approx(fine, rel=1e-3, abs=1e-2 * series.values.max())


def test_series_cannot_be_changed(file):
    series = read_irradiance(file(SUN))
    own = np.zeros(1)
    for kept in (series.times, series.values, Requests(own).times):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 1.0
    # Whoever made one by hand keeps the own array.
    own[0] = 1.0


CALLS = "arrival_time,tokens\n12,1\n10,5\n10.5,2\n10,9\n11,3\n13.99,4\n"


def test_requests_are_counted_by_hand(file):
    requests = read_requests(file(CALLS))
    assert (requests.first, requests.times.tolist()) == (10.0, [0, 0, 0.5, 1, 2, 3.99])
    # A slot has its beginning and not its end.
    assert requests.counts(4, 1.0).tolist() == [3, 1, 1, 1]
    assert requests.counts(2, 2.0).tolist() == [4, 2]
    assert requests.counts(3, 0.5, start=0.5).tolist() == [1, 1, 0]
    assert requests.counts(4, 1.0).dtype == np.int64


def test_requests_may_have_dates(file):
    text = 'TIMESTAMP;N\r\n"2023-11-16 18:15:46.6805900";3\r\n"2023-11-16 18:15:50.9951690";4\r\n'
    requests = read_requests(file("\ufeff" + text))
    assert requests.first == datetime(2023, 11, 16, 18, 15, 46, 680590)
    assert requests.times.tolist() == [0.0, 4.314579]
    assert requests.counts(2, 2.0, start="2023-11-16 18:15:47").tolist() == [0, 1]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", r"series.csv: no column 'timestamp' among no columns; name it with column="),
        ("time\n", r"series.csv: has no rows, at least one request is needed"),
        ("when,n\n1,2\n", r"no column 'timestamp' among when, n; name it with column="),
        ("time\n1\nx\n", r"line 3: time = 'x': must be seconds or a time such as"),
        ("time\n1\n2020-01-01\n", r"line 3: .* is a time without a zone, line 2 has seconds"),
        ("time,n\n1,2\n,3\n", r"line 3: time = '': must be"),
        (b"time\n\x81\n", r"series.csv: is no CSV file in UTF-8"),
    ],
)
def test_bad_files_of_requests_are_refused(file, text, words):
    with pytest.raises(ValueError, match=words):
        read_requests(file(text))


def test_a_requests_column_may_be_named(file):
    text = "time,sent\n5,1\n6,3\n"
    assert read_requests(file(text), "Sent").times.tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"no column 'when' among time, sent; name it with column"):
        read_requests(file(text), "when")


def test_slots_beyond_the_last_request_are_refused(file):
    requests = read_requests(file(CALLS))
    words = r"series.csv: lasts from 0 s to 3.99 s, must cover all 5 slots from 0 s to 5 s$"
    with pytest.raises(ValueError, match=words):
        requests.counts(5, 1.0)
    with pytest.raises(ValueError, match=r"start = -1: must be"):
        requests.counts(1, 1.0, start=-1)
    with pytest.raises(ValueError, match=r"slots = 0: must be"):
        requests.counts(0, 1.0)


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=30),
    st.integers(1, 20),
    st.floats(0.01, 10),
    st.randoms(use_true_random=False),
)
def test_every_request_is_counted_once(tmp_path_factory, times, slots, slot_seconds, shuffle):
    folder = tmp_path_factory.mktemp("requests")
    counted = []
    for _ in range(2):
        path = folder / "a.csv"
        path.write_text("time\n" + "".join(f"{t!r}\n" for t in times))
        requests = read_requests(path)
        counted.append(requests.times)
        shuffle.shuffle(times)
    assert np.array_equal(*counted)
    if (slots - 1) * slot_seconds <= requests.times[-1]:
        counts = requests.counts(slots, slot_seconds)
        assert counts.sum() == (requests.times < slots * slot_seconds).sum()
        assert (counts >= 0).all()


def folder():
    return Path(os.environ["MEC_TRACE_DATA"])


@pytest.mark.skipif("MEC_TRACE_DATA" not in os.environ, reason="MEC_TRACE_DATA names no folder")
def test_a_day_of_irradiance_by_the_minute():
    series = read_irradiance(folder() / "sun" / "midc_20181014.txt")
    assert (series.times.size, series.first) == (1440, datetime(2018, 10, 14))
    hours = series.per_slot(24, 3600)
    # The file's nights read -8 W/m^2; noon's hour is the mean of its minutes.
    assert (hours[:6] == 0).all() and (hours[18:] == 0).all()
    minutes = series.values[12 * 60 : 13 * 60 + 1]
    assert hours[12] == pytest.approx((minutes[1:] + minutes[:-1]).mean() / 2)
    assert 400 < hours[12] < 600
    np.testing.assert_allclose(series.per_slot(96, 3600, repeat=True), np.tile(hours, 4), atol=1e-6)


@pytest.mark.skipif("MEC_TRACE_DATA" not in os.environ, reason="MEC_TRACE_DATA names no folder")
def test_an_hour_of_requests():
    requests = read_requests(folder() / "requests" / "AzureLLMInferenceTrace_conv.csv")
    assert (requests.times.size, round(requests.times[-1])) == (19_366, 3502)
    assert requests.counts(3502, 1.0).sum() == 19_366
    # Two requests in the first five seconds: at 0 s and 4.3 s.
    assert requests.counts(10, 0.5).tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 1, 2]
