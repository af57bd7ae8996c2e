"""Two CSV files of latitude and longitude become a scenario in metres."""

import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

from mec_env import MECEnv, city_scenario
from mec_env.scenario.city import EARTH_RADIUS
from mec_env.scenario.coordinates import read_coordinates


@pytest.fixture
def files(tmp_path):
    """Write the two files' text; the paths."""

    def write(sites, users):
        paths = tmp_path / "sites.csv", tmp_path / "users.csv"
        for path, text in zip(paths, (sites, users)):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return paths

    return write


SITES = "LATITUDE,LONGITUDE\n-37.81,144.96\n-37.82,144.97\n"
USERS = "lat,lon\n-37.815,144.965\n-37.812,144.962\n-37.819,144.969\n"


def test_projection_by_hand(files):
    # One degree of latitude is 6,371,000 m * pi / 180 = 111,194.93 m; 0.01 degrees 1,111.949 m.
    # 0.01 degrees of longitude at 37.815 degrees south: 1,111.949 m * cos(37.815 degrees) =
    # 1,111.949 m * 0.789994 = 878.434 m.
    scenario = city_scenario(*files(SITES, USERS))
    assert scenario.area == pytest.approx((878.434, 1111.949), abs=0.01)
    # Servers at the north-west and the south-east corner; y grows northwards.
    assert scenario.server_positions[0] == pytest.approx((0.0, 1111.949), abs=0.01)
    assert scenario.server_positions[1] == pytest.approx((878.434, 0.0), abs=0.01)
    # The first user stands in the middle.
    assert scenario.device_positions[0] == pytest.approx((439.217, 555.975), abs=0.01)
    assert (scenario.mecs, scenario.iotds) == (2, 3)


def test_projected_distances_match_the_sphere(files):
    scenario = city_scenario(*files(SITES, USERS))
    (a, b), (c, d) = np.radians([[-37.81, 144.96], [-37.812, 144.962]])
    haversine = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    metres = 2 * EARTH_RADIUS * math.asin(math.sqrt(haversine))
    apart = math.dist(scenario.server_positions[0], scenario.device_positions[1])
    assert apart == pytest.approx(metres, rel=1e-3)


def test_columns_in_any_order_and_among_others(files):
    sites = 'ID,Lng,"Name, place",Latitude\n1,144.96,"a, b",-37.81\n\n2,144.97,c,-37.82\n'
    reordered = city_scenario(*files(sites, USERS))
    assert reordered == city_scenario(*files(SITES, USERS))


def test_a_byte_order_mark_is_no_part_of_the_header(files):
    sites, _ = files(b"\xef\xbb\xbf" + SITES.encode(), USERS)
    assert read_coordinates(sites) == [(-37.81, 144.96), (-37.82, 144.97)]


def test_fields_may_be_replaced_and_tasks_are_square_kms(files):
    scenario = city_scenario(*files(SITES, USERS), slots=7, name="melbourne")
    assert (scenario.slots, scenario.name, scenario.path_loss_exponent) == (7, "melbourne", 3.5)
    env = MECEnv(scenario)
    env.reset(seed=0)
    _, reward, _, _, info = env.step([0, 1, 2])
    assert reward == 1 / info["objective"]


def test_a_single_point_still_has_an_area(files):
    one = "lat,lon\n10,20\n"
    assert city_scenario(*files(one, one)).area == (1.0, 1.0)


@pytest.mark.parametrize(
    "users, words",
    [
        ("name,lon\nx,144.96\n", r"users.csv: no column 'latitude' among name, lon"),
        ("lat,name\n-37.8,x\n", r"users.csv: no column 'longitude' among lat, name"),
        ("", r"users.csv: no column 'latitude' among no columns"),
        ("lat,lon\n", r"users.csv: has no rows, at least one position is needed"),
        ("lat,lon\n\n , \n", r"users.csv: has no rows"),
        ("lat,lon\n-37.8,144.96\n-37.8,east\n", r"users.csv, line 3: longitude = 'east': must be"),
        ("lat,lon\n-37.8\n", r"users.csv, line 2: longitude = '': must be a number in degrees"),
        ("lat,lon\nnan,144.96\n", r"users.csv, line 2: latitude = 'nan': must be a number"),
        ("lat,lon\ninf,144.96\n", r"users.csv, line 2: latitude = 'inf'"),
        ("lat,lon\n144.96,-37.8\n", r"line 2: latitude = 144.96: .* -90 to 90 .* swapped\?"),
        ("lat,lon\n-37.8,244.96\n", r"line 2: longitude = 244.96: must be from -180 to 180"),
        # A city of another continent, and one whose swap stays within 90 degrees.
        ("lat,lon\n51.5,-0.12\n", r"sites.csv and .*users.csv: points span .* km, at most 200 km"),
        ("lat,lon\n80.0,-37.8\n", r"swapped in one file\?"),
        # 0x81 is no letter in Windows-1252.
        (b"lat,lon,name\n-37.8,144.96,caf\x81\n", r"users.csv: .*UTF-8"),
        ("lat,lon\n-37,8,144,96\n", r"users.csv, line 2: 4 cells under 2 columns; .* quotes"),
        ("y,x\n-37.8,144.96\n", r"no column 'latitude' among y, x; name it with latitude="),
        ("lat\tname\n-37.8\tx\n", r"no column 'longitude' among lat, name"),
        (b"\xff\xfea", r"users.csv: is no CSV file in UTF-8, UTF-16 or Windows-1252"),
        (f"lat,lon\n{'1' * 200_000},1\n", r"users.csv: is no CSV file \(field larger"),
    ],
)
def test_bad_files_are_refused(files, users, words):
    sites, users = files(SITES, users)
    with pytest.raises(ValueError, match=words):
        city_scenario(sites, users)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        city_scenario(tmp_path / "nowhere.csv", tmp_path / "nowhere.csv")
    with pytest.raises(FileNotFoundError, match=r"^[^\[].*nowhere\.csv: there is no such file$"):
        read_coordinates(tmp_path / "nowhere.csv")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OSError, match=rf"^{re.escape(str(tmp_path))}: (is a folder|can't be read)"):
        read_coordinates(tmp_path)


TWO = [(-37.81, 144.96), (-37.82, 144.97)]


@pytest.mark.parametrize(
    "text",
    [
        "stop_id,stop_lat,stop_lon\nS1,-37.81,144.96\nS2,-37.82,144.97\n",
        "lat;lon;name\n-37.81;144.96;a, b\n-37.82;144.97;c\n",
        "lat;lon\n-37,81;144,96\n-37,82;144,97\n",
        "lat\tlon\n-37.81\t144.96\n-37.82\t144.97\n",
        "lat\tlon\r\n-37,81\t144,96\r\n-37,82\t144,97\r\n",
        'lat,lon\n"-37,81","144,96"\n"-37,82","144,97"\n',
        "lat|lon\n-37.81|144.96\n-37.82|144.97",
        "# from a survey, 2026\n#lat,lon of masts\n\nlat,lon\n-37.81,144.96\n-37.82,144.97\n",
        "sep=;\nlat;lon\n-37.81;144.96\n-37.82;144.97\n",
        "name,lat,lon\ncafé,-37.81,144.96\n#2,-37.82,144.97\n".encode("cp1252"),
        "name,lat,lon\ncafé,-37.81,144.96\nx,-37.82,144.97\n".encode(),
        "name\tlat\tlon\ncafé\t-37.81\t144.96\nx\t-37.82\t144.97\n".encode("utf-16"),
        'name,lat,lon\n"two\nlines",-37.81,144.96\nx,-37.82,144.97,,\n',
    ],
)
def test_tables_as_people_have_them(files, text):
    path, _ = files(text, "")
    assert read_coordinates(path) == TWO


def test_columns_may_be_named(files):
    sites = "Y,X,lat,lon\n-37.81,144.96,0,0\n-37.82,144.97,0,0\n"
    named = dict(latitude="y", longitude=" X")
    assert read_coordinates(files(sites, "")[0], **named) == TWO
    both = files(sites, sites.replace("lat,lon", "a,b"))
    assert city_scenario(*both, **named).area == pytest.approx((878.434, 1111.949), abs=0.01)
    pairs = dict(latitude=("y", None), longitude=("x", "lon"))
    assert city_scenario(*files(sites, USERS), **pairs) == city_scenario(*files(SITES, USERS))
    with pytest.raises(ValueError, match=r"no column 'breite' among y, x, lat, lon"):
        read_coordinates(files(sites, "")[0], latitude="Breite")
    with pytest.raises(ValueError, match=r"^latitude = 3: must be a column's name or a pair"):
        city_scenario(*files(sites, USERS), latitude=3)


HOLES = "# masts\nlat,lon\n-37.81,144.96\n,\n,144.9\n-37.8,NULL\nnan,n/a\n-37.82,144.97\n-37.8\n"


def test_rows_without_a_position_are_refused_with_their_line(files):
    path, _ = files(HOLES.replace("\n,\n", "\n"), "")
    with pytest.raises(
        ValueError, match=r'sites.csv, line 4: latitude = .*; missing="drop" leaves'
    ):
        read_coordinates(path)


def test_rows_without_a_position_are_left_out_on_request_and_counted(files):
    path, users = files(HOLES, USERS)
    with pytest.warns(UserWarning, match=r"sites.csv: 4 of 6 rows have no position") as seen:
        assert read_coordinates(path, missing="drop") == TWO
    assert len(seen) == 1
    with pytest.warns(UserWarning, match=r"sites.csv: 4 of 6"):
        assert city_scenario(path, users, missing="drop").mecs == 2
    # What is there and wrong is refused all the same, and so is a file of nothing else.
    for text, words in (
        ("lat,lon\n-37.8,east\n", r"longitude = 'east': must be a number in degrees$"),
        ("lat,lon\n-37.8,\n", r"has no rows, at least one position is needed; 1 have none"),
    ):
        with pytest.raises(ValueError, match=words):
            read_coordinates(files(text, "")[0], missing="drop")
    with pytest.raises(ValueError, match=r"^missing = 'skip': must be one of drop, refuse"):
        read_coordinates(path, missing="skip")


def test_a_city_may_lie_across_the_180th_meridian(files):
    # Taveuni, Fiji: 0.02 degrees at 16.8 degrees south are 2,223.9 m * 0.957319 = 2,129.0 m.
    scenario = city_scenario(*files("lat,lon\n-16.8,179.99\n", "lat,lon\n-16.8,-179.99\n"))
    assert scenario.area == pytest.approx((2128.98, 1.0), abs=0.05)
    # West to east.
    assert scenario.server_positions[0][0] == 0.0 < scenario.device_positions[0][0]


@pytest.mark.skipif("MEC_CITY_DATA" not in os.environ, reason="MEC_CITY_DATA names no folder")
def test_melbournes_centre():
    folder = Path(os.environ["MEC_CITY_DATA"])
    scenario = city_scenario(
        folder / "site-optus-melbCBD.csv", folder / "users-melbcbd-generated.csv", slots=3
    )
    assert (scenario.mecs, scenario.iotds) == (125, 816)
    # The business district is about 2 km by 1.5 km.
    assert 1000 < scenario.area[0] < 4000 and 700 < scenario.area[1] < 4000
    env = MECEnv(scenario)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    nearest = env.slot.distance.argmin(axis=1) + 1
    assert env.step(nearest)[4]["offloaded"] == 1.0
