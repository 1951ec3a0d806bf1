"""Tables of what may stand in a document, a row for each property and each choice, from the trees of all versions."""

from collections.abc import Iterator, Sequence

from checks.format.schema import Node
from checks.format.versions import NEWEST, VERSIONS
from checks.markdown import table
from checks.published.language import Language

_TYPES = {
    "string": ("文字", "string"),
    "number": ("數值", "number"),
    "integer": ("整數", "integer"),
    "boolean": ("布林值", "boolean"),
    "object": ("物件", "object"),
    "array": ("陣列", "array"),
}


def header_table(language: Language) -> str:
    """The properties of the document itself, and those of objects in it as `produced_by.system`."""
    return _table(list(_headers(NEWEST.document)), language)


def dataset_table(dataset: str, language: Language) -> str:
    """The properties of a dataset's records."""
    record = NEWEST.datasets[dataset].items
    return _table([((dataset, node.name), node) for node in record.properties] if record else [], language)


def choices_of(dataset: str, language: Language) -> str:
    """A table for each property of a dataset that has choices: what each means, and since which version."""
    record = NEWEST.datasets[dataset].items
    chosen = [node for node in record.properties if node.choices] if record else []
    return "\n\n".join(_choices(dataset, node, language) for node in chosen)


def news(language: Language) -> str:
    """What each version after the first brought: properties, datasets and choices."""
    heading = (language.of("版本", "version"), language.of("新增", "brought"), language.of("說明", "which is"))
    return table(heading, list(_news(language)))


def first_with(path: Sequence[str], choice: str | None = None) -> str:
    """The first version that knows a property, or one of its choices; `path` is from the root of the document."""
    for name, version in VERSIONS.items():
        node = _at(version.document, path)
        if node is not None and (choice is None or choice in node.choices):
            return name
    raise KeyError(".".join(path))


def _at(node: Node, path: Sequence[str]) -> Node | None:
    for name in path:
        within = (node.items or node).properties
        found = next((child for child in within if child.name == name), None)
        if found is None:
            return None
        node = found
    return node


def _headers(node: Node, *path: str) -> Iterator[tuple[tuple[str, ...], Node]]:
    for child in node.properties:
        yield (*path, child.name), child
        yield from _headers(child, *path, child.name)


def _table(nodes: Sequence[tuple[tuple[str, ...], Node]], language: Language) -> str:
    heading = {
        Language.ZH: ("屬性", "名稱", "型別", "必要", "版本", "值", "說明"),
        Language.EN: ("property", "is", "type", "required", "since", "value", "description"),
    }[language]
    return table(heading, [_row(path, node, language) for path, node in nodes])


def _row(path: tuple[str, ...], node: Node, language: Language) -> tuple[str, ...]:
    shown = path if node.name in {"system", "version"} else path[-1:]
    return (
        f"`{'.'.join(shown)}`",
        language.of(node.title, node.title_en),
        _type(node, language),
        language.of("否", "no") if node.nullable else language.of("是", "yes"),
        first_with(path),
        _values(node, language),
        language.of(node.description, node.description_en),
    )


def _type(node: Node, language: Language) -> str:
    name = language.of(*_TYPES[node.type])
    return f"{name}{language.of('或 ', ' or ')}null" if node.nullable else name


def _values(node: Node, language: Language) -> str:
    choices = ("true", "false") if node.type == "boolean" else node.choices
    if choices:
        return language.of("、", ", ").join(f"`{choice}`" for choice in choices)
    if node.form:
        return f"`{node.form.expected}`"
    if node.person:
        return language.of("見「證號」", "see National ID")
    return language.of("，", ", ").join([*_lengths(node, language), *_bounds(node, language)])


def _lengths(node: Node, language: Language) -> Iterator[str]:
    shortest, longest = node.shortest, node.longest
    if shortest:
        yield language.of(f"{shortest} 至 {longest} 字", f"{shortest} to {longest} characters")
    elif longest:
        yield language.of(f"至多 {longest} 字", f"at most {longest} characters")


def _bounds(node: Node, language: Language) -> Iterator[str]:
    for words, bound in (
        (("大於", "above"), node.above),
        (("至少", "at least"), node.at_least),
        (("至多", "at most"), node.at_most),
    ):
        if bound is not None:
            yield f"{language.of(*words)} {bound:g}"
    if node.decimals:
        yield language.of(f"小數至多 {node.decimals} 位", f"at most {node.decimals} decimals")


def _choices(dataset: str, node: Node, language: Language) -> str:
    heading = (f"`{node.name}`", language.of("意義", "means"), language.of("版本", "since"))
    rows = [
        (f"`{choice}`", language.of(*node.meanings[choice]), first_with((dataset, node.name), choice))
        for choice in node.choices
    ]
    return table(heading, rows)


def _news(language: Language) -> Iterator[tuple[str, str, str]]:
    oldest = next(iter(VERSIONS))
    for name, dataset in NEWEST.datasets.items():
        if (since := first_with((name,))) != oldest:
            yield since, f"`{name}`", language.of(dataset.title, dataset.title_en)
            continue
        for node in dataset.items.properties if dataset.items else ():
            if (since := first_with((name, node.name))) != oldest:
                yield since, f"`{name}[].{node.name}`", language.of(node.title, node.title_en)
                continue
            for choice in node.choices:
                if (since := first_with((name, node.name), choice)) != oldest:
                    yield since, f"`{name}[].{node.name}`: `{choice}`", language.of(*node.meanings[choice])
