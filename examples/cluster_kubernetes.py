"""A sweep on a Kubernetes cluster that runs Dask's operator: each worker is a pod of one core.

pip install dask-kubernetes
python examples/cluster_kubernetes.py registry.example/mec:0.2 40 --suites square-km-v1 --learners greedy,sb3-ppo --out mine

The image has Python and the package in the versions that are installed here (docs/cluster.md). Killed,
the same command goes on with the cells that are missing; results are written here alone.
"""

import sys

from dask_kubernetes.operator import KubeCluster, make_cluster_spec

from mec_bench import commands


def specification(image, workers):
    """One core, one thread and 4 GB a worker."""
    resources = {"cpu": "1", "memory": "4Gi"}
    return make_cluster_spec(
        name="mec-sweep",
        image=image,
        n_workers=workers,
        worker_command="dask worker --nthreads 1",
        resources={"requests": resources, "limits": resources},
        # Dask's profiler slows trainings.
        env={"OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
    )


if __name__ == "__main__":
    image, workers, *arguments = sys.argv[1:]
    with KubeCluster(custom_cluster_spec=specification(image, int(workers))) as cluster:
        commands.main([*arguments, "--scheduler", cluster.scheduler_address])
