"""Sentences that state a result and turn when its numbers turn."""

from collections.abc import Sequence

import pandas as pd


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def points(value: float) -> str:
    return f"{100 * value:+.1f} points".replace("-", "−")


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; "none" for nothing."""
    *most, last = words or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def bulleted(lead: str, sentences: Sequence[str]) -> str:
    """A line and a list below it, in Markdown."""
    return "\n".join([f"{lead}\n", *(f"- {sentence}" for sentence in sentences)])


def interval(low: float, high: float) -> str:
    low, high = (points(value).removesuffix(" points") for value in (low, high))
    return f"95 % interval {low} to {high}"


def verdict(low: float, high: float) -> str:
    """``gain`` when the interval of a difference lies above zero, ``loss`` when it lies
    below, ``undecided`` when it holds zero."""
    if low > 0:
        return "gain"
    return "loss" if high < 0 else "undecided"


def change(value: float, low: float, high: float) -> str:
    """A difference with its interval: a gain, a loss, or neither for certain."""
    found, size = verdict(low, high), f"{100 * abs(value):.1f} points"
    what = f"a {found} of {size}"
    if found == "undecided":
        what = f"{points(value)}, which may be no difference at all"
    return f"{what} ({interval(low, high)})"


def effect(
    value: float, low: float, high: float, undecided: str = "is undecided"
) -> str:
    """What something does, by a difference with its interval: it gains or it loses."""
    size = f"{100 * abs(value):.1f} points"
    found = {"gain": f"gains {size}", "loss": f"loses {size}", "undecided": undecided}
    return found[verdict(low, high)]


def difference(
    row: pd.Series, what: str, against: str, k: int, average: str = "macro over facets"
) -> str:
    """One paired difference; ``row`` has value, reference, difference, low, high."""
    return (
        f"{what} has Recall@{k} {percent(row.value)} ({average}), "
        f"{against} {percent(row.reference)}: "
        f"{change(row.difference, row.low, row.high)}."
    )


def by_verdict(table: pd.DataFrame, names: Sequence[str]) -> dict[str, list[str]]:
    """``names`` of the rows (columns low, high) that gain, lose or stay undecided."""
    groups = {"gain": [], "loss": [], "undecided": []}
    for name, low, high in zip(names, table.low, table.high, strict=True):
        groups[verdict(low, high)].append(name)
    return groups


def by_facet(table: pd.DataFrame, k: int) -> str:
    """Which facets gain, lose or stay undecided; columns facet, low, high."""
    does = {"gain": "rises", "loss": "falls", "undecided": "is undecided"}
    groups = by_verdict(table, table.facet)
    parts = [
        f"{does[key]} on {listed(named)}" for key, named in groups.items() if named
    ]
    return f"By facet, Recall@{k} {listed(parts)}."


def capital(words: str) -> str:
    """With a capital, as a sentence starts."""
    return words[0].upper() + words[1:]


def recovery(recall: float, gain: pd.Series, who: str, k: int) -> str:
    """How much of the gap between general and prompted an approximation recovers, if
    prompting has a clear gain; ``gain``: prompted against general, as `difference`."""
    start = f"{who} reaches Recall@{k} {percent(recall)}"
    if verdict(gain.low, gain.high) != "gain":
        return f"{start}; there is no clear gain of prompting to recover here."
    share = (recall - gain.reference) / gain.difference
    without, with_it = percent(gain.reference), percent(gain.value)
    levels = f"{without} without a prompt, {with_it} with it"
    if share <= 0:
        return f"{start}, less than no prompt at all ({levels})."
    return f"{start}, which is {100 * share:.0f} % of the way ({levels})."


def carried_over(
    unasked: pd.DataFrame, asked: pd.DataFrame, facets: Sequence[str], k: int
) -> str:
    """Whether prompting helps on facets whose questions were never trained.

    Both tables have columns facet, difference, low, high: what the question changes
    in the model never asked about ``facets``, and in the one that was.
    """
    held = unasked[unasked.facet.isin(facets)]
    trained = asked.set_index("facet").difference
    does = {"gain": "helps", "loss": "hurts", "undecided": "is undecided"}
    parts = [
        f"on {row.facet} it {does[verdict(row.low, row.high)]} "
        f"({points(row.difference)}, {interval(row.low, row.high)}; "
        f"{points(trained[row.facet])} in the model that was asked)"
        for row in held.itertuples()
    ]
    helped = len(by_verdict(held, held.facet)["gain"])
    answer = {0: "does not carry over here", len(held): "carries over here"}
    return (
        f"To questions never trained, prompting "
        f"{answer.get(helped, 'carries over in part')}: {listed(parts)}."
    )
