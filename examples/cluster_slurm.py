"""A sweep on a SLURM cluster: each worker is a job of one core, in the environment of this program.

pip install dask-jobqueue
python examples/cluster_slurm.py 40 --suites square-km-v1 --learners greedy,sb3-ppo --seeds 5 --out mine
python examples/cluster_slurm.py --job-script

Run it where jobs can reach it by the network, such as a login node, with the package installed on a
disk that all nodes see. Killed, or out of time, the same command goes on with the cells that are missing.
"""

import os
import sys

from dask_jobqueue import SLURMCluster

from mec_bench import commands


def make_cluster():
    """One core, one thread and 4 GB a job; `queue=`, `account=` and `interface=` are your cluster's."""
    # Dask's profiler slows trainings.
    profiler = "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False"
    return SLURMCluster(
        cores=1,
        processes=1,
        memory="4GB",
        walltime="12:00:00",
        python=sys.executable,
        job_script_prologue=[profiler, "export OMP_NUM_THREADS=1"],
        log_directory=os.path.abspath("slurm-logs"),
    )


if __name__ == "__main__":
    with make_cluster() as cluster:
        if sys.argv[1:] == ["--job-script"]:
            raise SystemExit(print(cluster.job_script()))
        cluster.scale(jobs=int(sys.argv[1]))
        commands.main([*sys.argv[2:], "--scheduler", cluster.scheduler_address])
