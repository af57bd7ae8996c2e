"""Random numbers by counter: the generator, its distributions, and that no two draws meet."""

import itertools

import numpy as np
import pytest
from scipy import stats

from mec_env import MECEnv, Range, Scenario, Simulator
from mec_env.draws import streams
from mec_env.draws.streams import Space, Stream, exponential32, log32, philox, seed_key

LEAST = 1e-3  # Seeds are fixed: a p-value below this means the law is wrong, not bad luck.


def words(key0, key1, slot, episode, use, blocks):
    """Random words (blocks, 4), a row per counter."""
    out = np.empty(4 * blocks, dtype=np.uint32)
    philox(np.uint32(key0), np.uint32(key1), slot, episode, use, out)
    return out.reshape(4, blocks).T


def philox_in_python(counter, key):
    """Philox4x32-10 as published, in Python's own integers."""
    x, k, low = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [b >> 32 ^ x[1] ^ k[0], b & low, a >> 32 ^ x[3] ^ k[1], a & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return x


@pytest.mark.parametrize(
    "counter, key, expected",
    [
        # Random123's known answers for philox4x32-10 (kat_vectors).
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_the_reference_gives_the_published_answers(counter, key, expected):
    assert tuple(philox_in_python(counter, key)) == expected


def test_the_published_answer_for_zeros():
    assert words(0, 0, 0, 0, 0, 1)[0].tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


@pytest.mark.parametrize(
    "key0, key1, slot, episode, use",
    [
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xA4093822, 0x299F31D0, 0x85A308D3, 0x13198A2E, 0x03707344),
        (1, 2, 3, 4, 5),
    ],
)
def test_philox_block_by_block(key0, key1, slot, episode, use):
    ours = words(key0, key1, slot, episode, use, 37)
    for block in range(37):
        assert ours[block].tolist() == philox_in_python((block, slot, episode, use), (key0, key1))


# --- distinct draws ---------------------------------------------------------------


def test_no_two_streams_share_a_word_block():
    seen = set()
    count = 0
    keys = [seed_key(s) for s in (0, 1, 2**32, 2**32 + 1, 2**64 - 1)]
    uses = [use | int(space) << 8 for use in (0, 1, 2, 16, 21) for space in Space]
    for key, slot, episode, use in itertools.product(keys, range(4), range(4), uses):
        for block in words(key[0], key[1], slot, episode, use, 3):
            seen.add(block.tobytes())
            count += 1
    assert len(seen) == count


def test_uses_and_spaces_are_told_apart_by_the_counter():
    uses = [v for k, v in vars(streams).items() if k.isupper() and isinstance(v, int) and v < 256]
    assert len(uses) >= 9 and len(set(uses)) == len(uses)
    assert len({use + 256 * space for use in uses for space in Space}) == 2 * len(uses)


def gains(seed, episodes=2, slots=3, rows=1, space=Space.TRAINING):
    """Fading of each slot of the first rows: {(row, episode, slot): bytes}."""
    scenario = Scenario(mecs=2, iotds=4, slots=slots)
    simulator = Simulator(scenario, rows, space)
    observed = np.empty((rows, simulator.observation_size), dtype=np.float32)
    for row in range(rows):
        simulator.seed(row, seed + row)
    out = {}
    for episode in range(episodes):
        simulator.reset(np.arange(rows), observed)
        for slot in range(slots):
            for row in range(rows):
                out[row, episode, slot] = simulator.slot(row).gain.tobytes()
            actions = np.zeros((rows, 4), dtype=np.int64)
            simulator.step(actions, np.ones(rows, dtype=bool), observed)
    return out


def test_rows_episodes_slots_and_spaces_never_repeat_fading():
    a = gains(5, rows=4)
    b = gains(5, rows=4, space=Space.EVALUATION)
    assert len(set(a.values()) | set(b.values())) == len(a) + len(b) == 48


def test_a_row_does_not_run_into_the_next_rows_numbers():
    # Row 1 of seed 5 is seed 6, whichever episode.
    batch, single = gains(5, episodes=40, rows=2), gains(6, episodes=40)
    assert all(batch[1, e, t] == single[0, e, t] for e in range(40) for t in range(3))


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None, True])
def test_seeds_have_a_range(seed):
    with pytest.raises(ValueError, match=r"^seed = .*: must be .*from 0 to 2\*\*64 - 1"):
        seed_key(seed)


def test_seeds_keep_all_their_bits():
    assert seed_key(2**64 - 2).tolist() == [2**32 - 2, 2**32 - 1]
    assert seed_key(np.uint64(2**63)).tolist() == [0, 2**31]


# --- distributions ----------------------------------------------------------------


def test_log32_is_the_logarithm():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            2.0 ** rng.uniform(-126, 127, 100_000),
            rng.uniform(0.5, 2.0, 100_000),
            1 + rng.uniform(-1, 1, 10_000) * 1e-5,
            np.arange(1, 2000, 2) * 2.0**-24,
            1 - np.arange(1, 2000, 2) * 2.0**-24,
        ]
    ).astype(np.float32)
    ours = np.array([log32(v) for v in x], dtype=np.float64)
    true = np.log(x.astype(np.float64))
    assert (np.abs(ours - true) <= 1.2e-7 * np.abs(true)).all()
    assert log32(np.float32(1.0)) == 0.0


def test_exponential_numbers():
    drawn = words(3, 0, 0, 0, 0, 50_000).ravel()
    x = np.array([exponential32(w) for w in drawn], dtype=np.float64)
    assert stats.kstest(x, "expon").pvalue > LEAST
    ends = [float(exponential32(np.uint32(w))) for w in (0, 2**32 - 1)]
    # -ln(2^-24) = 16.6355 for the smallest word, -ln(1 - 2^-24) = 5.96e-8 for the largest.
    assert ends[0] == pytest.approx(16.6355, abs=1e-4) and ends[1] == pytest.approx(
        5.96e-8, rel=1e-3
    )
    assert streams.EXPONENTIAL_RANGE[0] < ends[1] and ends[0] < streams.EXPONENTIAL_RANGE[1]


def test_stream_numbers():
    stream = Stream(seed_key(9), streams.DEVICE_POSITIONS)
    a, b = stream.uniform(50_000), stream.uniform(50_000)
    assert a.min() > 0 and a.max() < 1 and (a != b).all()
    assert stats.kstest(a, "uniform").pvalue > LEAST
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02 and abs(np.corrcoef(a[1:], a[:-1])[0, 1]) < 0.02
    assert stats.kstest(stream.normal(50_000), "norm").pvalue > LEAST
    counts = np.bincount(stream.integers(6, 60_000), minlength=6)
    assert counts.size == 6 and stats.chisquare(counts).pvalue > LEAST
    assert stream.uniform(3, 2).shape == (3, 2) and stream.uniform(1).shape == (1,)


def fading(channel, slots=200):
    """Fading factors of 200 slots of a world: gain over path gain."""
    scenario = Scenario(channel=channel, mecs=4, iotds=50, slots=1000)
    env = MECEnv(scenario)
    env.reset(seed=21)
    path = env.simulator.world().path_gain.T.astype(np.float64)
    factors = []
    for _ in range(slots):
        factors.append(env.slot.gain / path)
        env.step(np.zeros(50, dtype=int))
    return np.array(factors)


@pytest.mark.parametrize("channel", ["rayleigh", "droo"])
def test_rayleigh_fading_is_exponential_with_mean_one(channel):
    x = fading(channel)
    assert stats.kstest(x.ravel(), "expon").pvalue > LEAST
    # 40,000 numbers: standard error of the mean 0.005.
    assert x.mean() == pytest.approx(1.0, abs=0.02)


def test_rician_fading_is_noncentral_chi_square_with_mean_one():
    # Power of a steady ray of power s = 0.3 and a scattered one of mean 1 - s:
    # (1 - s) / 2 times a noncentral chi-square of 2 degrees and noncentrality 2 s / (1 - s).
    x = fading("lydroo")
    law = stats.ncx2(2, 2 * 0.3 / 0.7, scale=0.35)
    assert law.mean() == pytest.approx(1.0)
    assert stats.kstest(x.ravel(), law.cdf).pvalue > LEAST
    assert x.mean() == pytest.approx(1.0, abs=0.02)


def test_fading_is_independent_from_slot_to_slot_and_link_to_link():
    x = np.log(fading("rayleigh"))
    later = np.corrcoef(x[1:].ravel(), x[:-1].ravel())[0, 1]
    device = np.corrcoef(x[:, 1:].ravel(), x[:, :-1].ravel())[0, 1]
    server = np.corrcoef(x[:, :, 1:].ravel(), x[:, :, :-1].ravel())[0, 1]
    assert max(abs(later), abs(device), abs(server)) < 0.02


@pytest.mark.parametrize("channel", ["are", "log-distance"])
def test_laws_without_fading_have_none(channel):
    assert (fading(channel, 3) == 1.0).all()


def test_tasks_are_uniform_in_their_ranges_and_independent():
    scenario = Scenario(mecs=1, iotds=500, cycles=Range(1e9, 3e9), data_bits=Range(1e5, 2e5))
    env = MECEnv(scenario)
    env.reset(seed=4)
    cycles, bits = [], []
    for _ in range(50):
        cycles.append((env.slot.cycles - 1e9) / 2e9)
        bits.append((env.slot.data_bits - 1e5) / 1e5)
        env.step(np.zeros(500, dtype=int))
    cycles, bits = np.array(cycles), np.array(bits)
    for x in (cycles, bits):
        assert stats.kstest(x.ravel(), "uniform").pvalue > LEAST
        assert abs(np.corrcoef(x[1:].ravel(), x[:-1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(cycles.ravel(), bits.ravel())[0, 1]) < 0.03
