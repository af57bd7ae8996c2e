"""What the cluster examples would submit, where Dask's launchers are installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_slurm_gets_a_job_of_one_core_a_worker(tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.chdir(tmp_path)
    with example("cluster_slurm").make_cluster() as cluster:
        lines = cluster.job_script().splitlines()
        address = cluster.scheduler_address
    assert lines[0] == "#!/usr/bin/env bash"
    asked = [line for line in lines if line.startswith("#SBATCH")]
    for option in ("-n 1", "--cpus-per-task=1", "--mem=4G", "-t 12:00:00"):
        assert f"#SBATCH {option}" in asked
    assert "export OMP_NUM_THREADS=1" in lines
    assert "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False" in lines
    assert lines[-1].startswith(f"{sys.executable} -m distributed.cli.dask_worker {address} ")
    assert "--nthreads 1 " in lines[-1] and "--nworkers" not in lines[-1]


def test_kubernetes_gets_a_pod_of_one_core_a_worker():
    pytest.importorskip("dask_kubernetes")
    made = example("cluster_kubernetes").specification("registry.example/mec:0.2", 40)
    assert (made["kind"], made["metadata"]) == ("DaskCluster", {"name": "mec-sweep"})
    worker, scheduler = made["spec"]["worker"], made["spec"]["scheduler"]
    assert worker["replicas"] == 40
    (pod,), (head,) = worker["spec"]["containers"], scheduler["spec"]["containers"]
    assert pod["image"] == head["image"] == "registry.example/mec:0.2"
    assert pod["args"][:4] == ["dask", "worker", "--nthreads", "1"]
    for kind in ("requests", "limits"):
        assert pod["resources"][kind] == {"cpu": "1", "memory": "4Gi"}
    assert {"name": "OMP_NUM_THREADS", "value": "1"} in pod["env"]


@pytest.mark.slow
def test_the_slurm_example_runs_with_commands_that_start_jobs_here(tmp_path):
    pytest.importorskip("dask_jobqueue")
    commands = {
        "sbatch": 'setsid bash "$1" >/dev/null 2>&1 & echo "Submitted batch job $!"',
        "scancel": 'for job in "$@"; do kill -- -"$job"; done',
    }
    for name, body in commands.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    small = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "3", "--seeds", "2"]
    done = subprocess.run(
        [sys.executable, EXAMPLES / "cluster_slurm.py", "2", *small, "--learners", "local,random", "--out", "mine"],
        cwd=tmp_path, capture_output=True, text=True, timeout=900,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
             "PYTHONPATH": os.pathsep.join([str(EXAMPLES.parent), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no worker has joined" in done.stderr
    assert len(list((tmp_path / "mine" / "cells").glob("*.json"))) == 3
