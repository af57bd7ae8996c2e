"""Files of who was where and when become positions slot by slot."""

import math
import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mec_env.scenario.trace_files import read_trace
from mec_env.scenario.trace_network import trace_network
from mec_env.scenario.traces import Trace

# Two walkers: a goes 100 m east in 10 s, stands 10 s, goes 60 m north in 20 s; b goes back and
# forth on a line.
WALK = """id,time,x,y
a,0,0,0
a,10,100,0
a,20,100,0
a,40,100,60
b,0,10,20
b,30,40,20
b,40,10,20
"""


@pytest.fixture
def file(tmp_path):
    """Write a file's text; its path."""

    def write(text, name="trace.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def same(one, other):
    return (
        one.ids == other.ids
        and all(np.array_equal(a, b) for a, b in zip(one.times, other.times))
        and all(np.array_equal(a, b) for a, b in zip(one.xy, other.xy))
    )


def test_interpolation_by_hand(file):
    trace = read_trace(file(WALK))
    assert (trace.ids, trace.first, trace.duration) == (("a", "b"), 0.0, 40.0)
    # a has four fixes, b three. At 5 s a is halfway to (100, 0), b at a sixth of 30 m.
    expected = [
        [(0, 0), (10, 20)],
        [(50, 0), (15, 20)],
        [(100, 0), (20, 20)],
        [(100, 0), (25, 20)],
        [(100, 0), (30, 20)],
        [(100, 15), (35, 20)],
        [(100, 30), (40, 20)],
        [(100, 45), (25, 20)],
        [(100, 60), (10, 20)],
    ]
    np.testing.assert_allclose(trace.sample(9, 5.0), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trace.sample(2, 20.0, start=7.5)[:, 0], [(75, 0), (100, 22.5)])


def test_a_trace_cannot_be_changed(file):
    trace = read_trace(file(WALK))
    with pytest.raises(ValueError, match="read-only"):
        trace.xy[0][0, 0] = 1.0
    with pytest.raises(AttributeError):
        trace.ids = ()


def test_degrees_become_metres_by_hand(file):
    # 0.01 degrees of latitude are 1,111.949 m; of longitude at 37.815 degrees south 878.434 m.
    text = "vehicle_id,timestamp,lat,lng\n1,0,-37.82,144.96\n1,100,-37.81,144.97\n"
    trace = read_trace(file(text))
    np.testing.assert_allclose(trace.xy[0], [(0, 0), (878.434, 1111.949)], atol=1e-3)
    np.testing.assert_allclose(trace.sample(2, 50.0)[1, 0], (439.217, 555.975), atol=1e-3)


def test_a_trace_may_cross_the_180th_meridian(file):
    # 0.02 degrees at 16.8 degrees south are 2,128.98 m.
    trace = read_trace(file("id,t,lat,lon\nf,0,-16.8,179.99\nf,10,-16.8,-179.99\n"))
    np.testing.assert_allclose(trace.xy[0], [(0, 0), (2128.98, 0)], atol=0.05)


ZONED = """id,time,x,y
a,2015-06-07T08:00:00-05:00,0,0
a,2015-06-07T13:00:10Z,100,0
a,2015-06-07 15:00:20+02:00,100,0
a,2015-06-07T13:00:40 UTC,100,60
b,2015-06-07T08:00:00-05:00,10,20
b,2015-06-07T13:00:30+0000,40,20
b,20150607T130040Z,10,20
"""

UNZONED = """id,time,x,y
a,2015-06-07T08:00,0,0
a,2015-06-07 08:00:10,100,0
a,2015/06/07 08:00:20.0000000,100,0
a,2015-06-07T08:00:40.000,100,60
b,2015-06-07T08:00:00,10,20
b,2015-06-07T08:00:30,40,20
b,20150607T080040,10,20
"""
TIMES_OF_DAY = """id,time,x,y
a,8:00,0,0
a,8:00:10,100,0
a,08:00:20.000,100,0
a,08:00:40,100,60
b,08:00,10,20
b,08:00:30,40,20
b,08:00:40,10,20
"""


@pytest.mark.parametrize(
    "text",
    [
        WALK.replace(",", ";"),
        WALK.replace(",", "\t").replace("\n", "\r\n"),
        "\ufeff" + WALK,
        "# walkers\n\n" + WALK,
        WALK.replace("\n", ",\n"),
        WALK.replace("a,", '"a",').replace("b,", '"b" ,'),
        WALK.replace("id,time,x,y", "User,T,X,Y"),
        WALK.replace("id,time,x,y", "vehicle_id,timestep_time,vehicle_x,vehicle_y"),
        WALK.replace("id,", 'note,id,"x, old",').replace("a,", "?,a,7,").replace("b,", ",b,7,"),
        WALK.replace(",", ";").replace(";0;", ";0,0;").replace("60", "60,0"),
        WALK.encode("utf-16"),
        ZONED,
        UNZONED,
        TIMES_OF_DAY,
    ],
)
def test_files_as_people_have_them(file, text):
    assert same(read_trace(file(text)), read_trace(file(WALK, "walk.csv")))


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="no pipes with a name here")
def test_a_pipe_is_read_once(file):
    out, into = os.pipe()
    os.write(into, ("# above\n" + WALK.replace(",", ";")).encode())
    os.close(into)
    assert same(read_trace(f"/dev/fd/{out}"), read_trace(file(WALK)))
    os.close(out)


def test_a_date_beside_a_whole_time_is_passed_over(file):
    text = WALK.replace("time,", "date,time,").replace("a,", "a,Sunday,").replace("b,", "b,,")
    assert same(read_trace(file(text)), read_trace(file(WALK, "walk.csv")))


def test_letters_of_windows_1252_are_read(file):
    trace = read_trace(file("id,time,x,y\ncafé,0,1,2\ncafé,1,3,4\n".encode("cp1252")))
    assert trace.ids == ("café",)


def test_the_first_fix_has_the_files_own_time(file):
    first = read_trace(file(ZONED)).first
    assert first == datetime(2015, 6, 7, 13, tzinfo=UTC)
    assert first.utcoffset() == timedelta(hours=-5)
    assert read_trace(file("id,t,x,y\na,7,0,0\na,9,1,1\n")).first == 7.0


def test_a_date_may_stand_beside_the_time_of_day(file):
    text = "id,date,time,x,y\na,2020-02-28,23:59:59,0,0\na,2020-02-29,00:00:01.5,8,0\n"
    trace = read_trace(file(text))
    assert trace.times[0].tolist() == [0.0, 2.5]
    assert trace.first == datetime(2020, 2, 28, 23, 59, 59)


def test_columns_may_be_named(file):
    text = "id,Wagen,time,Zeit,x,y,lat,lon\n0,a,0,0,5,6,50,8\n0,a,0,9,7,8,50,8\n"
    trace = read_trace(file(text), id="wagen", time="ZEIT", x="x", y="y")
    assert trace.ids == ("a",) and trace.xy[0].tolist() == [[5, 6], [7, 8]]
    # Degrees come first where a file has both.
    assert read_trace(file(text), id="wagen", time="zeit").xy[0].tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"^x and latitude are given: must be x and y \[m\] or"):
        read_trace(file(text), x="x", latitude="lat")
    with pytest.raises(ValueError, match=r"no column 'breite' among .*; name it with latitude="):
        read_trace(file(text), latitude="Breite")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", r"trace.csv: no column 'id' among no columns; name it with id="),
        ("id,time,x,y\n", r"trace.csv: has no rows, at least two fixes are needed$"),
        ("time,x,y\n0,1,2\n", r"no column 'id' among time, x, y; name it with id="),
        ("id,x,y\na,1,2\n", r"no column 'timestamp' among id, x, y; name it with time="),
        ("id,t,x\na,0,1\n", r"no column 'latitude' among id, t, x; name it with latitude="),
        ("id,t,lat,y\na,0,1,2\n", r"no column 'longitude' among id, t, lat, y"),
        ("id,t,x,y\na,0,,2\n", r"csv, line 2: x = '': must be a finite number of metres; missing"),
        ("id,t,x,y\na,0,1,inf\n", r"line 2: y = 'inf': must be a finite number of metres$"),
        ("id,t,x,y\na,0,1,1e999\n", r"line 2: y = '1e999': must be a finite"),
        ("id,t,x,y\na,0,1\n", r"line 2: y = '': must be a finite number"),
        ('id,t,x,y\na,0,"1,5",2\n', r"line 2: x = '1,5': must be a finite number"),
        ("id,t,lat,lon\na,0,91,2\n", r"line 2: latitude = 91: must be from -90 to 90"),
        ("id,t,lat,lon\na,0,nan,2\n", r"line 2: latitude = 'nan': must be a number in degrees; m"),
        ("id,t,x,y\n,0,1,2\n", r"line 2: id = '': must name a device"),
        ("id,t,x,y\na,noon,1,2\n", r"line 2: time = 'noon': must be seconds or a time such as"),
        ("id,t,x,y\na,nan,1,2\n", r"line 2: time = 'nan': must be seconds or"),
        ("id,t,x,y\na,,1,2\n", r"line 2: time = '': must be seconds or"),
        ("id,t,x,y\na,1433682959000,1,2\n", r"'1433682959000': must be .*; are these milliseconds"),
        (
            "id,t,x,y\na,2015-06-07T08:00:00Z,1,2\nb,1,1,1\n",
            r"line 3: time = '1': is seconds, line 2 has a time with a zone; a file's times must",
        ),
        (
            "id,t,x,y\na,2015-06-07T08:00:00Z,1,2\na,2015-06-07T08:01:00,1,2\n",
            r"line 3: .* is a time without a zone, line 2 has a time with a zone",
        ),
        ("id,t,x,y\na,2015-02-30,1,2\n", r"line 2: time = '2015-02-30': must be"),
        ("id,t,x,y\na,0001-01-01T00:00+05:00,1,2\n", r"line 2: time = '0001"),
        ("id,t,x,y\na,25:10,1,2\n", r"line 2: time = '25:10': must be"),
        ("id,date,t,x,y\na,06/07/2015,8:00,1,2\n", r"'06/07/2015 8:00': .*header must say MM/DD"),
        ("id,t,x,y\na,0,1,2,3\n", r"line 2: 5 cells under 4 columns"),
        ("id,t,x,y\na,0,1,2\nb,0,1,2\n", r"trace.csv: has one fix of each of 2 ids, at least two"),
        ("id,t,x,y\na,0,1,2\na,0,1,2\n", r"trace.csv: has one fix of each of 1 ids"),
        (
            "id,t,x,y\na,1,0,0\na,0,1,2\na,1,3,4\n",
            r"line 4: id 'a' is 5 m from where line 2 has it at the same time, at most 1 m",
        ),
        (
            "id,t,lat,lon\na,0,30,-97\na,1,30,-97\na,2,0,0\na,3,30,-97\n",
            r"fixes span .* km, at most 200 km make a map; line 4 is the .*, latitude = 0, longitud",
        ),
        (b"id,t,x,y\ncaf\x81,0,1,2\n", r"trace.csv: is no CSV file in UTF-8, UTF-16 or Windows"),
        (f"id,t,x,y\n{'1' * 200_000},0,1,2\n", r"trace.csv: is no CSV file \(field larger"),
    ],
)
def test_bad_files_are_refused(file, text, words):
    with pytest.raises(ValueError, match=words):
        read_trace(file(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: there is no such file$"):
        read_trace(tmp_path / "nowhere.csv")


def test_a_zone_may_not_come_and_go_wherever_it_stands(file):
    # A row without a zone that would sort first.
    rows = ["a,2015-06-07T08:01:00,1,2", "a,2015-06-07T08:00:00Z,1,2"]
    for order in (rows, rows[::-1]):
        with pytest.raises(ValueError, match=r"line 3: time = .* must be of one form"):
            read_trace(file("id,t,x,y\n" + "\n".join(order)))


def test_rows_without_a_position_are_left_out_on_request_and_counted(file):
    path = file(WALK + "a,25,,\nb,35,NaN,n/a\n")
    with pytest.raises(ValueError, match=r'line 9: x = .*; missing="drop" leaves such rows out'):
        read_trace(path)
    with pytest.warns(UserWarning, match=r"trace.csv: 2 of 9 rows have no position") as seen:
        assert same(read_trace(path, missing="drop"), read_trace(file(WALK, "walk.csv")))
    assert len(seen) == 1
    with pytest.raises(ValueError, match=r"has no rows, .*; 1 have no position"):
        read_trace(file("id,t,x,y\na,0,,\n"), missing="drop")
    with pytest.raises(ValueError, match=r"^missing = 'skip': must be one of drop, refuse"):
        read_trace(path, missing="skip")


def test_ids_with_a_single_fix_are_left_out_and_counted(file):
    # The single one is the earliest: time begins with the first fix that is kept.
    path = file(WALK + "c,-5,7,7\n")
    with pytest.warns(UserWarning, match=r"trace.csv: 1 of 3 ids have a single fix") as seen:
        trace = read_trace(path)
    assert len(seen) == 1
    assert same(trace, read_trace(file(WALK, "walk.csv"))) and trace.first == 0.0


def test_the_first_of_two_fixes_in_one_place_at_one_time_counts(file):
    trace = read_trace(file(WALK + "a,10,100.6,0.8\n"))
    assert same(trace, read_trace(file(WALK, "walk.csv")))
    other = read_trace(file(WALK.replace("a,0,0,0\n", "a,10,100.6,0.8\na,0,0,0\n")))
    assert other.xy[0].tolist() == [[0, 0], [100.6, 0.8], [100, 0], [100, 60]]


def test_x_and_y_that_may_be_degrees_are_doubted(file):
    path = file("id,t,x,y\na,0,-97.70,30.20\na,10,-97.69,30.21\n")
    with pytest.warns(UserWarning, match=r"fixes span 0.01 m; if x and y are degrees, name them"):
        read_trace(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Far from any degree: a device that trembles.
        read_trace(file("id,t,x,y\na,0,500,30.2\na,10,500.1,30.2\n", "other.csv"))
        assert read_trace(path, longitude="x", latitude="y").projection.south == 30.2


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(tmp_path_factory, shuffle):
    header, *rows = ZONED.splitlines()
    shuffle.shuffle(rows)
    folder = tmp_path_factory.mktemp("shuffled")
    (folder / "a.csv").write_text("\n".join([header, *rows]))
    (folder / "b.csv").write_text(ZONED)
    assert same(read_trace(folder / "a.csv"), read_trace(folder / "b.csv"))


PLACES = st.floats(-5e4, 5e4).map(lambda v: round(v, 3))
FIXES = st.lists(
    st.tuples(st.floats(0, 1e5).map(lambda v: round(v, 2)), PLACES, PLACES),
    min_size=2,
    max_size=12,
    unique_by=lambda fix: fix[0],
)


@given(
    FIXES,
    st.lists(st.integers(-14 * 60, 14 * 60), min_size=12, max_size=12),
    st.integers(-(10**9), 10**9),
)
def test_the_zone_that_a_time_is_told_in_changes_nothing(tmp_path_factory, fixes, minutes, epoch):
    folder = tmp_path_factory.mktemp("zones")
    start = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch)
    texts = []
    for zones in (minutes, [0] * 12):
        rows = ["id,time,x,y"]
        for (t, x, y), offset in zip(fixes, zones):
            moment = start + timedelta(microseconds=round(t * 1e6))
            zone = timezone(timedelta(minutes=offset))
            rows.append(f"a,{moment.astimezone(zone).isoformat()},{x},{y}")
        path = folder / f"{len(texts)}.csv"
        path.write_text("\n".join(rows))
        texts.append(read_trace(path))
    assert same(*texts) and texts[0].first == texts[1].first
    times = sorted(round(t * 1e6) for t, _, _ in fixes)
    assert texts[0].times[0].tolist() == [(t - times[0]) / 1e6 for t in times]


@given(FIXES, st.integers(1, 40), st.floats(0, 1))
def test_samples_stay_between_their_fixes(fixes, slots, share):
    fixes = sorted(fixes)
    times = np.array([fix[0] for fix in fixes])
    xy = np.array([fix[1:] for fix in fixes])
    times -= times[0]
    trace = Trace(("a",), (times,), (xy,))
    step = share * trace.duration / slots
    if step <= 0.0:
        step = trace.duration / slots
    out = trace.sample(slots, step, longest_gap=1e6, top_speed=1e9)[:, 0]
    for t, place in zip(step * np.arange(slots), out):
        after = min(np.searchsorted(times, t, "right"), times.size - 1)
        near = xy[after - 1 : after + 1]
        assert (place >= near.min(axis=0) - 1e-9).all() and (place <= near.max(axis=0) + 1e-9).all()
    assert (out >= xy.min(axis=0)).all() and (out <= xy.max(axis=0)).all()


GAPS = """id,time,x,y
a,0,0,0
a,100,1,0
a,200,2,0
b,0,0,5
b,200,2,5
c,10,0,9
c,100,1,9
c,200,2,9
d,0,0,7
d,100,1,7
d,190,2,7
"""


def test_who_is_silent_in_the_window_takes_no_part(file):
    trace = read_trace(file(GAPS))
    # b is silent for 200 s, c comes at 10 s, d leaves at 190 s.
    assert trace.covering(21, 10.0, longest_gap=150) == ("a",)
    assert trace.covering(21, 10.0, longest_gap=200) == ("a", "b")
    # Gaps count where they touch the window, and fixes of its ends are enough.
    assert trace.covering(10, 10.0, start=10, longest_gap=100) == ("c", "a", "d")
    assert trace.covering(9, 10.0, start=15, longest_gap=100) == ("a", "c", "d")
    # Most fixes in the window first: of 0 s to 190 s d has three, a two and b one.
    assert trace.covering(20, 10.0, start=0, longest_gap=300) == ("d", "a", "b")
    assert trace.sample(20, 10.0, devices=2)[0].tolist() == [[0, 7], [0, 0]]


def test_who_jumps_in_the_window_takes_no_part(file):
    # a is 300 m off for a moment: 300 m in 4 s are 75 m/s, which a train may go.
    trace = read_trace(file(WALK.replace("a,20", "a,14,100,300\na,20")))
    assert trace.covering(5, 10.0) == ("b",)
    assert trace.covering(5, 10.0, top_speed=75) == ("a", "b")
    assert trace.covering(3, 10.0, start=20) == trace.covering(2, 5.0) == ("a", "b")
    # The way back, 50 m/s, is believed.
    assert (trace.busiest(3, 10.0), trace.busiest(2, 10.0)) == (14.0, 0.0)


def test_too_few_ids_are_counted(file):
    trace = read_trace(file(GAPS))
    words = (
        r"trace.csv: 1 of 4 ids cover the window from 0 s to 200 s without a gap of more than "
        r"100 s or above 60 m/s, devices = 2 are asked for; the window of this length with the most, 1, begins "
        r"at start = 0.0 \(0 s\)$"
    )
    with pytest.raises(ValueError, match=words):
        trace.sample(21, 10.0, devices=2, longest_gap=100)
    words = r"0 of 4 ids cover .* devices = 1 are asked for; .* the most, 0, begins at start = 0.0"
    with pytest.raises(ValueError, match=words):
        trace.sample(21, 10.0, longest_gap=50)
    with pytest.raises(ValueError, match=r"with the most, 3, begins at start = 10\.0"):
        trace.sample(18, 10.0, devices=4, longest_gap=100)


def test_the_busiest_window_is_the_earliest_that_most_ids_cover(file):
    trace = read_trace(file(GAPS))
    assert trace.busiest(18, 10.0, 100) == 10.0
    assert trace.busiest(21, 10.0, 100) == 0.0
    for start in np.linspace(0, 100, 41):
        best = len(trace.covering(10, 10.0, trace.busiest(10, 10.0, 100), 100))
        assert len(trace.covering(10, 10.0, start, 100)) <= best == 3


@pytest.mark.parametrize(
    "asked, words",
    [
        (
            dict(slots=6),
            r"trace.csv: lasts from 0 s to 40 s, must cover all 6 slots from 0 s to 50",
        ),
        (dict(start=40.5, slots=1), r"lasts from 0 s to 40 s, must cover all 1 slots from 40.5 s"),
        (dict(start=-1), r"start = -1: must be a finite number of 0 or more seconds, or a time"),
        (dict(start=math.nan), r"start = nan: must be"),
        (dict(start="2015-06-07"), r"start = '2015-06-07': the file's times are seconds"),
        (dict(slots=0), r"slots = 0: must be an integer of at least 1"),
        (dict(slot_seconds=0), r"slot_seconds = 0: must be a finite number above 0 s"),
        (dict(longest_gap=-1), r"longest_gap = -1: must be"),
        (dict(top_speed=0), r"top_speed = 0: must be a finite number above 0 m/s"),
        (dict(devices=0), r"devices = 0: must be an integer of at least 1"),
        (dict(devices=2.5), r"devices = 2.5: must be"),
    ],
)
def test_windows_that_make_no_sense_are_refused(file, asked, words):
    trace = read_trace(file(WALK))
    with pytest.raises(ValueError, match=words):
        trace.sample(**{"slots": 3, "slot_seconds": 10.0, **asked})


def test_a_window_may_begin_at_a_time(file):
    trace = read_trace(file(ZONED))
    by_seconds = trace.sample(3, 5.0, start=10)
    for start in ("2015-06-07T08:00:10-05:00", datetime(2015, 6, 7, 13, 0, 10, tzinfo=UTC)):
        assert np.array_equal(trace.sample(3, 5.0, start=start), by_seconds)
    with pytest.raises(ValueError, match=r"start = '2015-06-07T13:00': has no zone, the file's"):
        trace.sample(3, 5.0, start="2015-06-07T13:00")
    with pytest.raises(ValueError, match=r"start = 'noon': must be seconds .* or a time such as"):
        trace.sample(3, 5.0, start="noon")
    words = r"lasts from 2015-06-07T08:00:00-05:00 to .*:40-05:00, must .* from 2015-06-07T07:59:59"
    with pytest.raises(ValueError, match=words):
        trace.sample(3, 5.0, start="2015-06-07T12:59:59Z")


def test_the_map_fits_the_window(file):
    trace = read_trace(file(WALK))
    # Of 10 s to 30 s: a from (100, 0) to (100, 30), b from (20, 20) to (40, 20).
    window = trace.window(3, 10.0, start=10)
    assert window.area == (80.0, 30.0) and window.corner.tolist() == [20.0, 0.0]
    assert window.positions[0].tolist() == [[80, 0], [0, 20]] and window.ids == ("a", "b")
    wider = trace.window(3, 10.0, start=10, margin=5.0)
    assert wider.area == (90.0, 40.0)
    np.testing.assert_array_equal(wider.positions, window.positions + 5.0)
    # Points in a line still need an area.
    assert trace.window(2, 10.0, start=10, devices=1).area == (1.0, 1.0)


def test_positions_outside_a_given_area_are_refused(file):
    trace = read_trace(file(WALK))
    window = trace.window(5, 10.0, area=(100, 60))
    assert window.area == (100.0, 60.0)
    np.testing.assert_array_equal(window.positions, trace.sample(5, 10.0))
    words = r"trace.csv: id 'a' is at \(100.0, 30.0\) m at 30 s, outside of the area of 200 m by 29"
    with pytest.raises(ValueError, match=words):
        trace.window(5, 10.0, area=(200, 29))
    for area in (5, (1, 2, 3), (0, 1), (1, math.inf)):
        with pytest.raises(ValueError, match=r"^area = "):
            trace.window(5, 10.0, area=area)


@pytest.mark.parametrize(
    "ids, times, xy",
    [
        ((), (), ()),
        (("a",), (np.array([0.0, 0.0]),), (np.zeros((2, 2)),)),
        (("a",), (np.array([0.0, np.nan]),), (np.zeros((2, 2)),)),
        (("a",), (np.array([-1.0, 1.0]),), (np.zeros((2, 2)),)),
        (("a",), (np.array([0.0, 1.0]),), (np.zeros((3, 2)),)),
        (("a",), (np.array([0.0, 1.0]),), (np.array([[0.0, 0.0], [np.inf, 0.0]]),)),
        (("a", "b"), (np.array([0.0, 1.0]),), (np.zeros((2, 2)),)),
    ],
)
def test_traces_made_by_hand_are_checked(ids, times, xy):
    with pytest.raises(ValueError, match=r"^trace: "):
        Trace(ids, times, xy)


TOWN = "id,t,lat,lon\na,0,50.0,8.0\na,100,50.0,8.001\nb,0,50.01,8.01\nb,100,50.01,8.011\n"
SITES = "lat,lon\n50.02,8.5\n50.01,8.0105\n50.0,8.0\n"


def test_servers_are_at_the_centres_of_all_positions(file):
    network = trace_network(file(TOWN), mecs=2, iotds=2, slots=11, slot_seconds=10.0)
    assert network.positions.shape == (11, 2, 2) and network.server_xy.shape == (2, 2)
    # The devices are a kilometre apart and go 71 m each: a centre is the middle of a way.
    middles = network.positions.mean(axis=0)
    order = np.argsort(network.server_xy[:, 0])
    np.testing.assert_allclose(network.server_xy[order], middles, atol=1e-9)
    assert (network.start, network.ids) == (0.0, ("a", "b"))
    again = trace_network(file(TOWN), mecs=2, iotds=2, slots=11, slot_seconds=10.0)
    assert np.array_equal(again.server_xy, network.server_xy)


def test_a_network_begins_where_most_devices_are_seen_unless_told(file):
    asked = dict(mecs=1, iotds=3, slots=18, slot_seconds=10.0, longest_gap=100)
    network = trace_network(file(GAPS), **asked)
    assert (network.start, network.ids) == (10.0, ("c", "a", "d"))
    with pytest.raises(ValueError, match=r"2 of 4 ids cover the window from 0 s to 170 s"):
        trace_network(file(GAPS), **asked, start=0)
    for wrong, words in ((dict(mecs=0), "mecs = 0: must"), (dict(iotds=1.5), "iotds = 1.5: must")):
        with pytest.raises(ValueError, match=words):
            trace_network(file(GAPS), **asked | wrong)


def test_servers_may_be_at_the_sites_that_devices_pass(file):
    sites = file(SITES, "sites.csv")
    asked = dict(iotds=2, slots=11, slot_seconds=10.0, sites=sites)
    network = trace_network(file(TOWN), mecs=2, **asked)
    # Each of the last two is nearest to one device all the time; the file's order decides.
    trace = read_trace(file(TOWN))
    expected = trace.projection.metres([50.01, 50.0], [8.0105, 8.0])
    np.testing.assert_allclose(network.server_xy, expected)
    # The third is 35 km to the east, and the map holds it.
    wider = trace_network(file(TOWN), mecs=3, **asked)
    assert wider.area[0] > 35_000 and (wider.server_xy <= wider.area).all()
    with pytest.raises(ValueError, match=r"sites.csv: has 3 sites, mecs = 4 need as many"):
        trace_network(file(TOWN), mecs=4, **asked)
    with pytest.raises(ValueError, match=r"sites.csv: a site is at .* outside of the area of 2000"):
        trace_network(file(TOWN), mecs=3, **asked, area=(2000, 2000))
    # Columns by name, room around, a time to begin at.
    named = file(SITES.replace("lat,lon", "Y,X"), "named.csv")
    asked |= dict(sites=named, site_columns=("y", "x"), start=20, slots=2, id="id", margin=50.0)
    shifted = trace_network(file(TOWN), mecs=2, **asked)
    assert shifted.start == 20.0 and shifted.positions.min() == pytest.approx(50.0)
    np.testing.assert_allclose(
        shifted.server_xy - shifted.positions[0, 1],
        network.server_xy - network.positions[2, 1],
        atol=1e-9,
    )
    asked["iotds"] = 1
    asked["sites"] = sites
    with pytest.raises(ValueError, match=r"trace.csv: has x and y, sites = .* has degrees"):
        trace_network(file(WALK), mecs=1, **asked | dict(slots=2))


def test_reading_a_trace_needs_no_numba():
    code = (
        "import sys, mec_env.scenario.trace_network, mec_env.scenario.series; "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif("MEC_TRACE_DATA" not in os.environ, reason="MEC_TRACE_DATA names no folder")
def test_an_afternoon_of_buses():
    path = Path(os.environ["MEC_TRACE_DATA"]) / "buses" / "2015-06-07.csv"
    trace = read_trace(path)
    assert (len(trace.ids), trace.first) == (146, datetime(2015, 6, 7, 5, 1, 3, tzinfo=UTC))
    # On this Sunday few buses report before ten.
    assert len(trace.covering(1080, 10.0, "2015-06-07T07:00-05:00")) == 0
    assert len(trace.covering(1080, 10.0, "2015-06-07T14:00-05:00")) == 90
    network = trace_network(path, 5, 60, 1080, 10.0, start="2015-06-07T14:00-05:00")
    assert network.positions.shape == (1080, 60, 2)
    assert (network.positions >= 0.0).all() and (network.positions <= network.area).all()
    # A city's buses: tens of kilometres, none faster than 60 m/s.
    assert all(10_000 < side < 40_000 for side in network.area)
    assert np.hypot(*np.diff(network.positions, axis=0).T).max() <= 600.0
