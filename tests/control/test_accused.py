"""Who has no say in a split: told to every process, as long as it holds."""

from stratumproxy.control.accused import HAS_A_SAY, HAS_NO_SAY, MOST, Accused


class World:
    def __init__(self) -> None:
        self.told: list[tuple[int, dict[str, list[str]]]] = []
        self.recorded: list[tuple[str, object]] = []
        self.deaf = False
        self.accused = Accused(
            self._tell,
            lambda level, event, **values: self.recorded.append((event, values["worker"])),
        )

    def _tell(self, process: int, workers: dict[str, list[str]]) -> bool:
        if not self.deaf:
            self.told.append((process, workers))
        return not self.deaf


def test_all_are_told_and_who_is_started_again_too() -> None:
    world = World()
    world.accused.met(0, "run-0")
    world.accused.look()
    assert world.told == [], "they may know more"
    world.accused.accuse({"acme": ["liar"]})
    world.deaf = True
    world.accused.look()
    world.deaf = False
    world.accused.met(1, "run-1")
    for _ in range(2):
        world.accused.look()
    assert world.told == [(0, {"acme": ["liar"]}), (1, {"acme": ["liar"]})]
    world.accused.met(0, "run-2")
    world.accused.met(1, "run-1")
    world.accused.look()
    assert world.told[2:] == [(0, {"acme": ["liar"]})]


def test_that_somebody_is_not_accused_any_more_is_told() -> None:
    world = World()
    world.accused.met(0, "run-0")
    world.accused.accuse({"acme": ["liar"], "mole": ["other"]})
    world.accused.look()
    world.accused.accuse({"acme": ["liar"], "mole": ["other"]})
    world.accused.look()
    world.accused.accuse({"acme": ["liar"]})
    world.accused.look()
    world.accused.accuse({})
    world.accused.look()
    told = [workers for _, workers in world.told]
    assert told == [{"acme": ["liar"], "mole": ["other"]}, {"acme": ["liar"]}, {}]
    assert world.recorded == [
        (HAS_NO_SAY, "liar"),
        (HAS_NO_SAY, "other"),
        (HAS_A_SAY, "other"),
        (HAS_A_SAY, "liar"),
    ]


def test_no_more_are_told_than_a_process_reads() -> None:
    world = World()
    world.accused.met(0, "run-0")
    names = [f"liar-{number}" for number in range(2 * MOST)]
    world.accused.accuse({"acme": names, "mole": names})
    world.accused.look()
    assert world.told == [(0, {"acme": names[:MOST]})]
