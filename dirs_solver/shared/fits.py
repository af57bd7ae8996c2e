"""Error messages that learners and policies share."""


def same_size(who, trained, asked):
    """Complain in one sentence if two scenarios' agents don't fit each other."""
    from mec_env.simulator import observation

    if (trained.mecs, trained.iotds) != (asked.mecs, asked.iotds):
        raise ValueError(
            f"{who}: trained for {trained.mecs} servers and {trained.iotds} devices, "
            f"not for {asked.mecs} and {asked.iotds}"
        )
    if observation.size(trained) != observation.size(asked):
        raise ValueError(
            f"{who}: trained on observations of {observation.size(trained)} numbers, "
            f"scenario {asked.name!r} has {observation.size(asked)}"
        )
