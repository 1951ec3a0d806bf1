"""The country of the reports' tests: four levels, and months in which everything happens that the definitions name.

Y ─┬─ C ─┬─ T ─── S          S is exempt in March and April
   │     └─ N                formed on 2021-03-15, headcount unknown
   └─ X                      abolished on 2021-02-10
"""

from pathlib import Path

from tests.support.world import World

Y, C, T, S, N, X = (f"A0000000{letter}1" for letter in "YCTSNX")


def build(root: Path, ledger_url: str = "") -> World:
    world = World(root, ledger_url)
    world.agency(Y, name="院", level=1, headcount=4, authority=Y)
    world.agency(C, Y, name="縣", level=2, headcount=3, authority=C)
    world.agency(T, C, name="鄉", level=3, headcount=2, authority=C)
    world.agency(S, T, name="校", level=4, headcount=1, authority=C)
    world.agency(N, C, name="新", level=3, since="2021-03-15", authority=C)
    world.agency(X, Y, name="裁", level=2, until="2021-02-10", headcount=2, authority=X)
    world.exempt(S, "2021-03-01", "2021-04-30")
    january(world)
    february(world)
    march(world)
    april(world)
    return world


def january(world: World) -> None:
    world.enter(Y, "2021-01", "2021-02-01 09:00", people=[1, 2, 3, 4], version="2.3")
    errors = [("R101", "error", "L-1"), ("R104", "error", "L-2"), ("W201", "warning", "L-3")]
    world.enter(C, "2021-01", "2021-02-10 09:00", people=[5, 6, 7], findings=errors, refused={"leaves": 2})
    # corrected after the deadline: one error mended, one left, and the month stays on time
    world.enter(
        C,
        "2021-01",
        "2021-03-02 09:00",
        people=[5, 6, 7],
        overtime=[(5, 60), (5, 30)],
        findings=[("R104", "error", "L-2")],
        refused={"leaves": 1},
    )
    # at the deadline itself
    world.enter(T, "2021-01", "2021-02-21 00:00", people=[8], leaves=[(8, "03", 8), (8, "03", 4), (9, "01", 4)])
    world.enter(S, "2021-01", "2021-02-01 09:00", people=[8], leaves=[(8, "03", 2.5)])
    world.enter(X, "2021-01", "2021-02-05 09:00", people=[10])


def february(world: World) -> None:
    world.enter(Y, "2021-02", "2021-03-01 09:00", people=[1, 2, 3, 4])
    world.refuse(C, "2021-02", "2021-03-05 09:00", findings=[("F005", "fatal", None)])
    world.enter(T, "2021-02", "2021-03-23 10:00", people=[8, 9])  # three days late
    world.enter(X, "2021-02", "2021-03-01 09:00", people=[10, 11])


def march(world: World) -> None:
    world.enter(Y, "2021-03", "2021-04-01 09:00", people=[1, 2])
    world.refuse(T, "2021-03", "2021-04-01 09:00", findings=[("F003", "fatal", None)])
    world.enter(T, "2021-03", "2021-04-02 09:00", people=[8, 9])
    world.enter(S, "2021-03", "2021-04-02 09:00", people=[8])  # exempt, handed in all the same
    world.enter(N, "2021-03", "2021-04-20 23:59", people=[12])


def april(world: World) -> None:
    world.enter(Y, "2021-04", "2021-05-01 09:00", people=[1, 2, 3, 4, 13, 14])  # more than expected counts as all
    world.refuse(Y, "2021-04", "2021-05-03 09:00", findings=[("F001", "fatal", None)])
    world.enter(C, "2021-04", "2021-05-21 00:01", people=[5, 6, 7])  # a minute late is a day late
    world.enter(T, "2021-04", "2021-05-01 09:00", people=[8, 9])
    world.receive(N, "2021-04", "2021-05-20 09:00")  # not checked yet
