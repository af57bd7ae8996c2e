"""What the multi-agent learners have learned: a network per server, and nothing of their library."""

import torch

from dirs_solver.dirs.agents import Agents
from dirs_solver.dirs.training import load_weights
from dirs_solver.shared import files
from dirs_solver.shared.fits import same_size
from mec_env import Scenario

KIND = "marl-policy"
#: All that a server observes goes into its network.
INPUTS = "gains+tasks"


class MARLPolicy:
    """M networks, each of which scores the devices from what its own server observes.

    Parameters
    ----------
    agents : dirs_solver.dirs.agents.Agents
    scenario : mec_env.Scenario
        What they were trained on.

    Attributes
    ----------
    parameter_count : int
        Weights of all actors; the critic is needed in training alone.
    """

    information = "local"

    def __init__(self, agents, scenario):
        self.agents, self.scenario = agents, scenario
        self.parameter_count = sum(p.numel() for p in agents.parameters())
        self._alone = {f"mec_{j}": agents.alone(j) for j in range(agents.servers)}

    def prepare(self, scenario):
        """Check that a scenario is of the size that the actors were trained on.

        Raises
        ------
        ValueError
        """
        same_size("the policy", self.scenario, scenario)

    def act(self, agent, observation):
        """Scores (N,) float32 of one server, always the same for the same observation.

        Parameters
        ----------
        agent : str
            ``mec_0`` … ``mec_{M-1}``.
        observation : (observed,) float32
            The server's, as the parallel environment gives it.
        """
        with torch.inference_mode():
            return self._alone[agent](torch.from_numpy(observation)).numpy()


def save_policy(path, policy, header):
    """Write the actors to a file, with a ``header`` for JSON that says how they were trained."""
    hidden = [int(b.shape[2]) for b in policy.agents.biases[:-1]]
    header = {**header, "scenario": policy.scenario.to_toml(), "hidden": hidden}
    arrays = {name: value.numpy() for name, value in policy.agents.state_dict().items()}
    files.save(path, KIND, header, arrays)


def load_policy(path):
    """The policy of a file and its header; torch and safetensors are all that it takes.

    Raises
    ------
    ValueError
        In one sentence, for a file that is damaged or of another kind.
    """
    header, arrays = files.load(path, KIND)
    scenario = Scenario.from_toml(header["scenario"])
    agents = Agents(scenario, header["hidden"], INPUTS)
    load_weights(agents, arrays)
    return MARLPolicy(agents, scenario), header
