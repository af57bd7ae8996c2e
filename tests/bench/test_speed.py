"""The speed benches run, in their smallest form, and record what they say."""

import json
import math

import numpy as np
import pytest

import mec_env
from benchmarks.speed import admission, couplings, environment, sweep_overhead

#: Keys of a row that name something. All others are numbers, or None where nothing compares.
NAMES = {"kind", "scenario", "rule", "what", "suite", "demonstrations"}
#: Differences of two times, which on a busy machine may come out below 0.
DIFFERENCES = {"overhead"}


@pytest.fixture
def one_thread(monkeypatch):
    """Give back what a bench takes for itself when it is imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


def rows_of(file, part="rows"):
    """Rows of a sound record: who made it, with what, and numbers that are numbers."""
    record = json.loads(file.read_text())
    made = record["provenance"]
    assert made["command"].startswith("python -m benchmarks.speed.")
    assert made["versions"]["numpy"] and made["machine"]["cores"] >= 1 and made["date"]
    rows = record[part]
    assert rows
    for row in rows:
        for key, value in row.items():
            if key in NAMES:
                assert isinstance(value, str) and value
            elif value is not None:
                for number in value if isinstance(value, list) else [value]:
                    assert math.isfinite(number), (key, value)
                    assert number > -1e-9 or key in DIFFERENCES, (key, value)
    return rows


def test_admission(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(admission, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["admission", "--instances", "2"])
    admission.main()
    rows = rows_of(tmp_path / "admission.json")
    assert {(row["kind"], row["askers"]) for row in rows} >= {("square-km", 180), ("roomy", 1000)}
    assert len(rows) == 12
    assert all(row["median_us"] <= row["slowest_us"] for row in rows)
    assert "2 instances each" in capsys.readouterr().out


def test_environment(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(environment, "BATCHES", (1, 64))
    monkeypatch.setattr(environment, "SIZES", ((30, 2),))
    file = tmp_path / "throughput.json"
    options = ["--rounds", "1", "--threads", "2", "--out", str(file)]
    monkeypatch.setattr("sys.argv", ["environment", *options])
    environment.main()
    rows = rows_of(file)
    assert [(row["what"], row["batch"], row["threads"]) for row in rows] == [
        ("numpy", 1, 1), ("numpy", 64, 1), ("single", 1, 1),
        ("ours", 1, 1), ("ours", 1, 2), ("ours", 64, 1), ("ours", 64, 2),
    ]  # fmt: skip
    for row in rows:
        assert row["steps_per_second"] == pytest.approx(1e6 / row["microseconds"])
        assert row["decisions_per_second"] == pytest.approx(30 * row["steps_per_second"])
        assert row["nanoseconds_per_link"] == pytest.approx(1e3 * row["microseconds"] / 60)
    # A reference is as fast as itself.
    assert rows[0]["times_numpy_one_row"] == rows[1]["times_numpy_64_rows"] == 1.0
    assert "30x2" in capsys.readouterr().out


def test_couplings(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(couplings, "RESULTS", tmp_path)
    monkeypatch.setattr(couplings, "BATCHES", (2,))
    once = environment.per_step
    monkeypatch.setattr(environment, "per_step", lambda step, rows, _: once(step, rows, 0))
    monkeypatch.setattr("sys.argv", ["couplings"])
    couplings.main()
    rows = rows_of(tmp_path / "couplings-speed.json")
    assert [row["scenario"] for row in rows] == ["square-km", "follow-me", "harvest", "rush-hour"]
    assert rows[0]["ratio"] == 1.0
    assert "x memoryless" in capsys.readouterr().out


@pytest.fixture
def certificate(tmp_path, monkeypatch, one_thread):
    from benchmarks.speed import certificate

    monkeypatch.setattr(certificate, "RESULTS", tmp_path)
    monkeypatch.setattr(certificate, "SCENARIOS", ("square-km", "paper-large"))
    monkeypatch.setattr(certificate, "TIMED", ((30, 2, 1, 1),))
    monkeypatch.setattr(certificate, "GAPS", ((30, 2, 2),))
    monkeypatch.setattr(certificate, "BATCH", 4)
    monkeypatch.setattr(certificate, "PROVED", 1)
    monkeypatch.setattr(certificate, "LIMITS", (("square-km", 20),))
    return certificate


def test_certificate(certificate, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["certificate"])
    certificate.main()
    *speed, batch = rows_of(tmp_path / "certificate-speed.json")
    assert [row["scenario"] for row in speed] == ["square-km", "paper-large"]
    assert all(row["times_cold"] == row["scipy_ms"] / row["cold_ms"] for row in speed)
    assert batch["batch"] == 4
    gaps = rows_of(tmp_path / "certificate-gaps.json")
    assert all(m <= w for row in gaps for m, w in zip(row["mean_percent"], row["worst_percent"]))
    (exact,) = rows_of(tmp_path / "certificate-exact.json")
    assert (exact["proved"], exact["of"]) == (1, 1)


def test_the_certificates_reference_finds_the_same_prices(certificate):
    """What the certificate's speed is compared with solves the same dual."""
    problem = certificate.Problems("square-km", 0, 60, 4).next()
    ours, theirs = certificate.certify_problem(problem).prices, certificate.scipy_dual(problem)

    def bound(prices):
        asked = (problem.link + prices * problem.weight[:, None]).min(axis=1)
        return sum(min(a, b) for a, b in zip(problem.local, asked)) - sum(
            prices**2 / (4 * problem.congestion)
        )

    assert bound(theirs) == pytest.approx(bound(ours), rel=1e-3)


@pytest.fixture
def dirs(tmp_path, monkeypatch):
    """DIRS's bench on trainings of a few slots, each call timed once."""
    pytest.importorskip("torch")
    from benchmarks.speed import dirs
    from dirs_solver.dirs import learner

    settings, material, medians = dirs.Settings, dirs.material, dirs.medians
    few = dict(pretraining=2, demonstration_count=4)
    monkeypatch.setattr(dirs, "RESULTS", tmp_path)
    monkeypatch.setattr(dirs, "Settings", lambda **fields: settings(**few, **fields))
    monkeypatch.setattr(dirs, "material", lambda scenario, count: material(scenario, 16))
    monkeypatch.setattr(dirs, "medians", lambda calls, turns, block=1: medians(calls, 1))
    monkeypatch.setattr(learner, "slots_for", lambda devices: 10)
    return dirs


def test_dirs_speed(dirs, tmp_path):
    dirs.main(["speed"])
    rows = rows_of(tmp_path / "dirs-speed.json", "speed")
    assert len(rows) == 5 and {row["plain"] is None for row in rows} == {True, False}


def test_dirs_quality_and_threshold(dirs, tmp_path):
    dirs.main(["quality", "threshold", "--worlds", "1", "--suites", "paper-medium-v1"])
    file = tmp_path / "dirs-quality-threshold-paper-medium-v1.json"
    quality, threshold = rows_of(file, "quality"), rows_of(file, "threshold")
    assert [row["demonstrations"] for row in quality] == ["levy", "certified"]
    assert [row["local_speed"] for row in threshold] == [1e9, 0.5e9, 0.2e9]
    assert all(0.0 < row["nrr"] <= 1.0 for row in quality + threshold)
    with pytest.raises(ValueError, match="did you mean 'quality'"):
        dirs.main(["qualty"])


def test_the_plain_loop_over_agents_is_the_policy(dirs):
    """What DIRS's speed is compared with decides alike."""
    import torch

    scenario = mec_env.SCENARIOS["paper-medium"]
    seen, slots, _, trainer = dirs.material(scenario, 16)
    plain = dirs.PlainAgents(trainer.agents, dirs.Settings())
    policy = dirs.DIRSPolicy(trainer.agents, scenario)
    with torch.no_grad():
        scores = np.stack([s.numpy() for s in plain.scores(torch.from_numpy(seen))], axis=1)
    np.testing.assert_allclose(scores, policy.scores(seen), atol=1e-5)
    for k in range(3):
        # Scores tie nowhere, so the plain loop's first of equals is the vote's.
        assert np.array_equal(plain.schedule(seen[k], slots[k])[0], policy.votes(seen)[k])


@pytest.mark.slow
def test_sweep_overhead(tmp_path, monkeypatch):
    """Workers are started anew in every sweep, and those of Dask twice: a minute or two."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(sweep_overhead, "RESULTS", tmp_path)
    monkeypatch.setattr(sweep_overhead, "REPEATS", 1)
    monkeypatch.setattr(sweep_overhead, "JUDGED", "ladder-30x2-v1")
    monkeypatch.setattr(sweep_overhead, "CELLS", (1, 2))
    monkeypatch.setattr(sweep_overhead, "TRAINED", (1, 2))
    sweep_overhead.main()
    rows = rows_of(tmp_path / "sweeping.json")
    assert len(rows) == 8
    assert all(row["slots_per_second"] > 0 for row in rows if "rule" in row)


def test_sweep_overhead_judges_rules_and_sweeps_into_no_folder(tmp_path, monkeypatch):
    record = []
    monkeypatch.setattr(sweep_overhead, "REPEATS", 1)
    monkeypatch.setattr(sweep_overhead, "JUDGED", "ladder-30x2-v1")
    judging = type("Rows", (), {"row": lambda self, text, **numbers: record.append(numbers)})()
    sweep_overhead.rules(judging)
    assert [row["rule"] for row in record][:2] == ["local", "nearest"] and len(record) == 6
    monkeypatch.chdir(tmp_path)
    suite = mec_env.SUITES["ladder-30x2-v1"].only(worlds=1, slots=2)
    cells = [sweep_overhead.Cell("random", suite)]
    assert sweep_overhead.swept(cells, sweep_overhead.processes(1)) > 0.0
    assert not list(tmp_path.iterdir())
