"""Every hyper-parameter of DIRS: the paper's value with its place, or marked as ours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from mec_env import checks

DEMONSTRATIONS = ("levy", "certified")
REFINEMENTS = ("levy", "classic", "epsilon", "epsilon-selected", "moves", "none")
SEARCHED = ("decisions", "all")
LOSSES = ("L1", "LD")
DEVICES = ("sum", "mean")
INPUTS = ("gains", "gains+tasks")


@dataclass(frozen=True)
class Levy:
    """A Lévy flight search, Algorithm 4; defaults of section V-A.

    Attributes
    ----------
    population : int
        P, 5.
    generations : int
        G_max, 10.
    beta : float
        Tail index of the steps, 1.5; above 0.3 (ours: below it steps overflow) and below 2.
    threshold : float
        th of equation (22), 0.4; 0 or more.
    """

    population: int = 5
    generations: int = 10
    beta: float = 1.5
    threshold: float = 0.4

    def __post_init__(self):
        _put(self, checks.integer, ("population", "generations"), 1)
        _put(self, checks.number, ("beta",))
        _put(self, checks.number, ("threshold",), positive=False)
        if not 0.3 < self.beta < 2.0:
            raise ValueError(f"beta = {self.beta}: must be above 0.3 and below 2")


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters of DIRS and the switches of its ablations.

    Attributes
    ----------
    buffer : int
        Transitions in the replay buffer, 1024 (section V-A).
    batch : int
        Transitions of an update, 256 (V-A).
    interval : int
        phi, slots from one online training to the next, 10 (V-A).
    pretraining : int
        T_D, updates of the pre-training, 500 (V-A).
    updates : int
        T_M, updates of an online training, 2 (V-A).
    weight_decay : float
        lambda_1 of equation (14), 1e-4 (V-A).
    agent_weight : float
        lambda_2 of equation (16), 0.5 (V-A).
    epsilon_agents, epsilon_demonstrations : float
        epsilon_A and epsilon_D of equation (15), 0.08 and 0.02 (V-A).
    priority_exponent : float
        tau of equation (15), 0.6: ours, the paper gives no value.
    learning_rate : float
        Adam's rate, 1e-3: ours, its usual value.
    hidden : (int, int), optional
        Neurons of the two hidden layers. The paper's are (80, 60) at 30 devices,
        (260, 200) at 180 and (300, 250) at 200 (V-B to V-D); at other sizes, ours:
        3/2 N and 5/4 N, the proportions of the last.
    demonstration_count : int, optional
        Slots that are demonstrated: 256 (V-B, Table II); 512 from 100 devices on (ours).
    search : Levy
        The refinement's search (V-A).
    demonstration_search : Levy
        The demonstrations' search with a small beta (V-A names none): 1.1, P = 20 and
        G_max = 400 are ours.
    step_scale : float
        eta of equation (18), 0.1: ours, the paper gives no value.
    epsilon : float
        Chance that epsilon-greedy redraws a device, 0.1: ours.
    imitation : bool
        Whether there is a pre-training on demonstrations (Fig. 5).
    demonstrations : str
        ``levy`` (the paper's) or ``certified``: near-optimal decisions of ``mec_env.certify``.
    refinement : str
        What improves the vote: ``levy`` (Algorithm 4), ``classic`` (equation (18) alone,
        Fig. 4), ``epsilon`` (raw, Fig. 5), ``epsilon-selected`` (with as many evaluations as
        the search and its best kept), ``moves`` (single devices, as long as one gains), ``none``.
    search_over : str
        ``decisions`` (with the closed forms of powers and shares) or ``all``, [a, f, p] of
        equation (19).
    loss : str
        ``L1`` of equation (14), or ``LD`` without its L2 term (Table II).
    loss_over_devices : str
        ``sum``, as equation (14) is written, or ``mean``: Fig. 3's level of 0.2 looks like
        the mean of Keras' cross-entropy.
    inputs : str
        ``gains`` (the paper's) or ``gains+tasks``: all that a server observes.
    admission : bool
        Whether each server keeps only the askers worth keeping when the policy decides, like the
        environment's ``admission``: ours. Training does not use it: demonstrations, votes and their
        improvements are the same as without.
    """

    buffer: int = 1024
    batch: int = 256
    interval: int = 10
    pretraining: int = 500
    updates: int = 2
    weight_decay: float = 1e-4
    agent_weight: float = 0.5
    epsilon_agents: float = 0.08
    epsilon_demonstrations: float = 0.02
    priority_exponent: float = 0.6
    learning_rate: float = 1e-3
    hidden: tuple[int, int] | None = None
    demonstration_count: int | None = None
    search: Levy = field(default_factory=Levy)
    demonstration_search: Levy = field(default_factory=lambda: Levy(20, 400, 1.1))
    step_scale: float = 0.1
    epsilon: float = 0.1
    imitation: bool = True
    demonstrations: str = "levy"
    refinement: str = "levy"
    search_over: str = "decisions"
    loss: str = "L1"
    loss_over_devices: str = "sum"
    inputs: str = "gains"
    admission: bool = False

    def __post_init__(self):
        _put(self, checks.integer, ("buffer", "batch", "interval", "updates"), 1)
        _put(self, checks.integer, ("pretraining",), 0)
        positive = ("epsilon_agents", "epsilon_demonstrations", "learning_rate", "step_scale")
        _put(self, checks.number, positive)
        not_negative = ("weight_decay", "agent_weight", "priority_exponent", "epsilon")
        _put(self, checks.number, not_negative, positive=False)
        if self.epsilon > 1.0:
            raise ValueError(f"epsilon = {self.epsilon}: must be from 0 to 1")
        if self.hidden is not None:
            if not checks.is_list(self.hidden) or len(self.hidden) != 2:
                raise ValueError(f"hidden = {self.hidden!r}: must be two numbers of neurons")
            pair = tuple(checks.integer("hidden", width, 1) for width in self.hidden)
            object.__setattr__(self, "hidden", pair)
        if self.demonstration_count is not None:
            _put(self, checks.integer, ("demonstration_count",), 1, self.buffer)
        for name in ("search", "demonstration_search"):
            value = getattr(self, name)
            if isinstance(value, dict):
                object.__setattr__(self, name, Levy(**value))
            elif not isinstance(value, Levy):
                raise ValueError(f"{name} = {value!r}: must be a Levy")
        for name in ("imitation", "admission"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r}: must be True or False")
        for name, allowed in (
            ("demonstrations", DEMONSTRATIONS),
            ("refinement", REFINEMENTS),
            ("search_over", SEARCHED),
            ("loss", LOSSES),
            ("loss_over_devices", DEVICES),
            ("inputs", INPUTS),
        ):
            checks.known(name, getattr(self, name), allowed)

    def replace(self, **changed: Any) -> "Settings":
        """A copy with some fields changed.

        Raises
        ------
        ValueError
            For an unknown field, with the nearest right name, or a bad value.
        """
        for name in changed:
            checks.known("setting", name, _FIELDS)
        return replace(self, **changed)

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON takes them; :meth:`from_dict` reads them back.

        ``admission`` is among them only where it is on.
        """
        values = asdict(self)
        # Results are named by a hash of these: those of before there was admission keep theirs.
        if not self.admission:
            del values["admission"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Settings from a dict; fields left out have their defaults."""
        return cls().replace(**values)

    def hidden_for(self, devices: int) -> tuple[int, int]:
        """Neurons of the two hidden layers at N devices."""
        if self.hidden is not None:
            return self.hidden
        return _PAPER_HIDDEN.get(devices, (-(-3 * devices // 2), -(-5 * devices // 4)))

    def demonstrations_for(self, devices: int) -> int:
        """Number of demonstrations at N devices; at most the buffer."""
        if not self.imitation:
            return 0
        return self.demonstration_count or min(512 if devices >= 100 else 256, self.buffer)


def _put(settings, check, names, *limits, **kinds):
    """Check fields and store them as Python's own numbers, which JSON takes."""
    for name in names:
        object.__setattr__(settings, name, check(name, getattr(settings, name), *limits, **kinds))


def slots_for(devices):
    """T_DRL, slots of the online training: 3000, 4000 and 5000 (V-B to V-D), ours between."""
    return 3000 if devices < 100 else 4000 if devices < 200 else 5000


_PAPER_HIDDEN = {30: (80, 60), 180: (260, 200), 200: (300, 250)}
_FIELDS = tuple(f.name for f in fields(Settings))
