"""What is said of every library is so: what to install, the nox session, the example, the test."""

import sys
from pathlib import Path

import pytest

from dirs_solver import find_learner
from dirs_solver.plugins import MANIFESTS

ROOT = Path(__file__).parents[2]
#: Libraries that can't live with the main set: learner, module, extra.
APART = [
    ("tianshou-ppo-prices", "tianshou"),
    ("rllib-ppo-prices", "ray"),
    ("agilerl-ippo-prices", "agilerl"),
]


@pytest.mark.parametrize("name, module", [*APART, ("torchrl-ppo-prices", "torchrl")])
def test_a_missing_library_says_what_to_install(name, module, monkeypatch):
    for loaded in list(sys.modules):
        if loaded == module or loaded.startswith((f"{module}.", "dirs_solver.plugins.")):
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    extra = {"ray": "rllib", "torchrl": "marl"}.get(module, module)
    with pytest.raises(ImportError, match=rf'pip install "mec-offloading\[{extra}\]"'):
        find_learner(name)


@pytest.mark.parametrize("name, module", APART)
def test_a_library_apart_has_an_example_a_test_and_a_session(name, module):
    library = name.split("-")[0]
    assert (ROOT / "tests" / "others" / f"test_{library}.py").is_file()
    example = ROOT / "examples" / "others" / f"{library}_ppo.py"
    assert len(example.read_text().splitlines()) <= 40
    assert f'"{library}"' in (ROOT / "noxfile.py").read_text()


def test_a_manifest_that_names_versions_says_what_fits():
    said = [manifest for manifest in MANIFESTS if hasattr(manifest, "MEASURED")]
    assert len(said) >= 4
    for manifest in said:
        assert manifest.FITS and manifest.LIBRARY and "torch" in manifest.MEASURED
