"""What the components share: each is made from files of `rules/`, and takes them along wherever it is saved."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import srsly
from spacy.tokens import Doc

from classifier import resources
from classifier.errors import NoteTermsError


class RuleComponent:
    """A spaCy component that is compiled from files of a folder of rules.

    Parameters
    ----------
    rules : str or Path, optional
        The folder; default the rules of the package.

    Raises
    ------
    NoteTermsError
        E204 when the folder has none of the component's files; whatever compiling them raises.
    """

    files: ClassVar[tuple[str, ...]]
    """Patterns of the files' names within the folder."""

    def __init__(self, rules: str | Path | None = None) -> None:
        self.use_rules(resources.RULES if rules is None else Path(rules))

    def use_rules(self, rules: Path) -> None:
        """Compile the component from another folder of rules."""
        paths = [path for pattern in self.files for path in sorted(rules.glob(pattern))]
        if not paths:
            raise NoteTermsError(
                "E204", f"{rules} has no {' or '.join(self.files)}.", "Give a folder shaped like rules/."
            )
        self._texts = {path.relative_to(rules).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        self.compile(rules)

    def compile(self, rules: Path) -> None:
        """Read the rules; each component does it in its own way."""
        raise NotImplementedError

    def __call__(self, doc: Doc) -> Doc:
        """Read a Doc; each component does it in its own way."""
        raise NotImplementedError

    def pipe(self, docs: Iterable[Doc], batch_size: int = 128) -> Iterable[Doc]:
        """Read a stream of Docs."""
        yield from map(self, docs)

    def to_bytes(self, **kwargs: Any) -> bytes:
        """Return the component's rules as bytes."""
        return srsly.msgpack_dumps(self._texts)

    def from_bytes(self, data: bytes, **kwargs: Any) -> Self:
        """Take the rules from bytes."""
        self._texts = srsly.msgpack_loads(data)
        with TemporaryDirectory() as folder:
            self.to_disk(folder)
            self.compile(Path(folder))
        return self

    def to_disk(self, path: str | Path, **kwargs: Any) -> None:
        """Write the component's rules into a folder."""
        for name, text in self._texts.items():
            file = Path(path) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def from_disk(self, path: str | Path, **kwargs: Any) -> Self:
        """Read the rules from a folder."""
        self.use_rules(Path(path))
        return self
