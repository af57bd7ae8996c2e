"""What the cluster examples would submit, where Dask's launchers are installed."""

import importlib.util
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
