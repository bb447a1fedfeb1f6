"""[difficulty]: what miners are asked for."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from stratumproxy.config.number import Within
from stratumproxy.config.table import Seconds, Table

LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY = 1e-12, 1e18


class Difficulty(Table):
    """What miners are asked for. No miner is ever asked for more than the pool's difficulty."""

    start: Annotated[
        int | float,
        Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY),
        Field(
            description="Difficulty of a miner that nothing is known about. One that asks "
            "(`mining.suggest_difficulty`, `d=` in its password) or that was here before starts "
            "there instead.",
        ),
    ] = 8192
    min: Annotated[
        int | float,
        Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY),
        Field(
            description="The lowest difficulty a miner is given; below it neither vardiff nor the "
            "miner's own wish goes. Where the pool's own difficulty is lower, the miner is given "
            "the pool's. WhatsMiner M30S++ marks a pool dead below 1.",
        ),
    ] = 0.001
    max: Annotated[
        int | float,
        Within(LOWEST_DIFFICULTY, HIGHEST_DIFFICULTY),
        Field(
            description="The highest difficulty a miner is given; above it neither vardiff nor "
            "the miner's own wish goes. Only a miner that says it takes no less (BIP310, "
            "minimum-difficulty) gets more.",
        ),
    ] = 1e15
    shares_per_minute: Annotated[
        int | float,
        Within(0.01, 6000),
        Field(
            description="Shares a minute from one miner that vardiff steers towards. More gives "
            "steadier hashrate figures and costs more CPU and network: 10,000 miners at 12 send "
            "2,000 shares a second.",
        ),
    ] = 12
    vardiff: Annotated[
        bool,
        Field(
            description="Adjust each miner's difficulty to its hashrate. When false a miner keeps "
            "the difficulty it started with.",
        ),
    ] = True
    retarget_seconds: Annotated[
        Seconds,
        Within(1, 3600),
        Field(
            description="Seconds over which vardiff measures a miner before it changes the "
            "difficulty. A change binds from the next job.",
        ),
    ] = 60

    @field_validator("min")
    @classmethod
    def _min(cls, lowest: int | float, info: ValidationInfo) -> int | float:
        start = info.data.get("start", lowest)
        if lowest > start:
            raise ValueError(f"{lowest} is above start, which is {start}")
        return lowest

    @field_validator("max")
    @classmethod
    def _max(cls, highest: int | float, info: ValidationInfo) -> int | float:
        for name in ("start", "min"):
            lower = info.data.get(name, highest)
            if highest < lower:
                raise ValueError(f"{highest} is below {name}, which is {lower}")
        return highest
